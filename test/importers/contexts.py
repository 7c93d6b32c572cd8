"""Contexts that ask every corner of the documents: each attribute has a few values that matter and some that do not, and is missing
now and then. Values have the type that the documents compare them as."""

import random

USERS = [f"user-{i}" for i in range(400)] + ["ünï-çødé", "用户-7", "😀-8", "a b c", "0"]
COUNTRIES = ["DE", "FR", "NO", "US", "SE", "null"]
EMAILS = ["ann@example.com", "user-2@gmail.com", "user-8@example.com", "bob@faas.com", "user@gmail.com", "null", "x"]
VERSIONS = ["1.4.2", "1.4.9", "1.5.0", "2.0.0", "2.0.0-beta.2", "2.1.0", "2.1.0-rc.1", "3.0.0", "3.2.0", "3.10.1", "10.0.0"]
AGES = [0, 3, 17, 18, 20.5, 21, 29, 30, 31, 40, 41, 42, 60, 61, 65, 77]
COMPANIES = ["acme", "globex", "initech", "umbrella"] + [f"c{i}" for i in range(60)]
ADDRESSES = ["10.1.2.3", "192.168.1.77", "192.168.2.1", "172.20.0.9", "8.8.8.8"]
TAGS = ["adult", "power", "new"]

# The name of the unit, and attributes: how often it is there, and its values.
ATTRIBUTES = {
    "growthbook": {"id": (0.97, USERS), "email": (0.6, EMAILS), "beta": (0.5, [True, False]), "country": (0.8, COUNTRIES),
                   "age": (0.7, AGES), "appVersion": (0.7, VERSIONS), "company": (0.9, COMPANIES), "tags": (0.7, None)},
    # These two hash UTF-16 in JavaScript and UTF-8 elsewhere, as we do: the same for ASCII only.
    "flagd": {"targetingKey": (0.95, USERS[:400]), "email": (0.8, EMAILS + [""]), "beta": (0.6, [True, False]),
              "country": (0.8, COUNTRIES), "age": (0.7, AGES), "version": (0.7, VERSIONS), "company": (0.8, COMPANIES + [""])},
    # Without userId and sessionId Unleash draws at random.
    "unleash": {"userId": (1, USERS[:400]), "sessionId": (0.7, COMPANIES), "email": (0.7, EMAILS + ["Ann@Example.COM"]),
                "country": (0.8, COUNTRIES), "age": (0.7, AGES), "version": (0.7, VERSIONS), "company": (1, COMPANIES),
                "remoteAddress": (0.7, ADDRESSES), "currentTime": (1, ["2026-05-05T00:00:00Z", "2031-01-01T00:00:00Z"])},
    "eppo": {"user_id": (1, USERS), "email": (0.7, EMAILS), "beta": (0.6, [True, False]), "country": (0.8, COUNTRIES),
             "age": (0.7, AGES), "version": (0.7, VERSIONS)},
    "planout": {"userid": (1, USERS[:400]), "company": (1, COMPANIES), "country": (1, COUNTRIES), "age": (1, AGES)},
}


def make_contexts(platform, count, seed):
    draw = random.Random(seed)
    contexts = []
    for _ in range(count):
        context = {}
        for name, (often, values) in ATTRIBUTES[platform].items():
            if draw.random() >= often:
                continue
            context[name] = draw.sample(TAGS, draw.randrange(len(TAGS) + 1)) if values is None else draw.choice(values)
        contexts.append(context)
    return contexts

"""The benchmarks. Each takes a Setting and returns its measurements, or raises BenchError when the two sides disagree."""

import json
import shutil
from collections.abc import Callable

from harness.measure import BenchError, median, run
from harness.report import Measurement
from harness.serve_load import idle_streams, serve
from harness.setting import ROOT, Project, Setting


def alternate(turns: int, ours: Callable[[], dict], peers: dict[str, Callable[[], dict]],
              cost: str) -> tuple[list[dict], str, dict[str, list[dict]]]:
    """Runs both sides in turns. Names the peer with the least median cost."""
    our_runs, peer_runs = [], {name: [] for name in peers}
    for _ in range(turns):
        our_runs.append(ours())
        for name, peer in peers.items():
            peer_runs[name].append(peer())
    return our_runs, min(peers, key=lambda name: median_of(peer_runs[name], cost)), peer_runs


def median_of(runs: list[dict], field: str) -> float:
    return median([run[field] for run in runs])


# TRAIN


def train_numbers(setting: Setting) -> list[Measurement]:
    ways = ["pandas_dmatrix", "pandas_quantile", "arrow_dmatrix", "arrow_quantile"]
    return _train(setting, "train_parquet", "floats", setting.sizes.number_rows, ways, rounds=20, target=0.4,
                  memory_target=0.6)


def train_text(setting: Setting) -> list[Measurement]:
    # Splits of categories depend on the order in which ties are met, and scores on what is made of values not seen before:
    # the ways of Python differ by some thousandths among themselves. Answers are compared with one that does as we do.
    ways = ["categories_dmatrix", "categories_quantile", "dictionary_dmatrix", "dictionary_quantile"]
    return _train(setting, "train_strings", "strings", setting.sizes.text_rows, ways, rounds=10, target=0.33,
                  answer_way="frequency_quantile")


def _train(setting: Setting, name: str, kind: str, rows: int, ways: list[str], rounds: int, target: float,
           memory_target: float | None = None, answer_way: str | None = None) -> list[Measurement]:
    train, test = setting.data(kind, rows)
    project = setting.project(name, train, test)

    # Two programs, with all rounds and with one, tell a round from what the first one sets up: that is outside as well.
    def ours() -> dict:
        alone, alone_process = _our_training(project, 1)
        all_rounds, process = _our_training(project, rounds)
        a_round = (all_rounds["boosting"] - alone["boosting"]) / (rounds - 1)
        round_cpu = (process.cpu - alone_process.cpu) / (rounds - 1)
        first_round = max(0.0, alone["boosting"] - a_round)
        return {"outside": all_rounds["seconds"] - all_rounds["boosting"] + first_round, "first_round": first_round,
                "outside_cpu": process.cpu - rounds * round_cpu, "round": a_round, "stages": all_rounds["stages"],
                "wall": process.wall, "peak_memory": process.peak_memory}

    def peer(way: str) -> dict:
        process = setting.peer("train", way, train, test, rounds, setting.threads)
        return {**process.json(), "wall": process.wall}

    our_runs, best, peer_runs = alternate(setting.sizes.turns, ours, {way: lambda way=way: peer(way) for way in ways},
                                          "outside")
    project.run("evaluate")
    auc = project.query("SELECT roc_auc_score AS auc FROM quality")[0]["auc"]
    peer_auc = peer(answer_way)["auc"] if answer_way else peer_runs[best][0]["auc"]
    if abs(auc - peer_auc) > 0.001:
        raise BenchError(f"the areas under the curve differ: ours {auc:.5f}, the peer's {peer_auc:.5f}")

    sizes = {"rows": rows, "rounds": rounds, "threads": setting.threads, "peer_is": best}
    times = Measurement(name, median_of(our_runs, "outside"), median_of(peer_runs[best], "outside"), target, more={
        **sizes, "auc_ours": auc, "auc_peer": peer_auc, "runs_ours": our_runs,
        "outside_cpu_ours": median_of(our_runs, "outside_cpu"), "outside_cpu_peer": median_of(peer_runs[best], "outside_cpu"),
        "outside_by_way": {way: median_of(runs, "outside") for way, runs in peer_runs.items()},
        "outside_cpu_by_way": {way: median_of(runs, "outside_cpu") for way, runs in peer_runs.items()},
        "peak_memory_by_way": {way: median_of(runs, "peak_memory") for way, runs in peer_runs.items()},
        "auc_by_way": {way: runs[0]["auc"] for way, runs in peer_runs.items()},
        "peak_memory_ours": median_of(our_runs, "peak_memory"), "peak_memory_peer": median_of(peer_runs[best], "peak_memory")})
    if memory_target is None:
        return [times]
    return [times, Measurement(f"{name}_memory", median_of(our_runs, "peak_memory"), median_of(peer_runs[best], "peak_memory"),
                               memory_target, unit="bytes", more=sizes)]


def _our_training(project: Project, rounds: int):
    process = project.run("train", rounds=rounds)
    step = project.last_step()
    if "boosting" not in step["stages"]:
        raise BenchError(f"the run record has no stage \"boosting\": {step}")
    return {**step, "boosting": step["stages"]["boosting"]}, process


def kmeans(setting: Setting) -> list[Measurement]:
    rows, _ = setting.data("clouds", setting.sizes.cloud_rows)
    project = setting.project("kmeans", rows)

    # The inertia of one start depends on luck: every turn has a seed of its own, and the least of all is compared.
    def ours(seed: int) -> dict:
        process = project.run("clusters", seed=seed)
        step = project.last_step()
        return {**step, "inertia": _inertia(project), "wall": process.wall, "cpu": process.cpu, "fit": step["stages"]["clustering"]}

    def peer(way: str, seed: int) -> dict:
        return setting.peer("kmeans", way, rows, 8, seed, setting.threads).json()

    our_runs, peer_runs = [], {"float32": [], "float64": []}
    for turn in range(setting.sizes.turns):
        our_runs.append(ours(turn + 1))
        for way, runs in peer_runs.items():
            runs.append(peer(way, turn + 1))
    best = min(peer_runs, key=lambda way: median_of(peer_runs[way], "total"))
    least, peer_least = min(run["inertia"] for run in our_runs), min(run["inertia"] for runs in peer_runs.values() for run in runs)
    if least > 1.01 * peer_least:
        raise BenchError(f"our clusters are worse: inertia {least:.6g}, the peer's {peer_least:.6g}")
    return [Measurement("kmeans", median_of(our_runs, "seconds"), median_of(peer_runs[best], "total"), 1, more={
        "rows": setting.sizes.cloud_rows, "clusters": 8, "threads": setting.threads, "peer_is": best, "inertia_ours": least,
        "inertia_peer": peer_least, "fit_ours": median_of(our_runs, "fit"), "fit_peer": median_of(peer_runs[best], "fit"),
        "cpu_ours": median_of(our_runs, "cpu"), "fit_cpu_peer": median_of(peer_runs[best], "fit_cpu"), "runs_ours": our_runs,
        "runs_peer": peer_runs})]


def _inertia(project: Project) -> float:
    """Of the newest model, as TRAIN measured it."""
    newest = max((project.folder / ".sinan/objects").glob("**/model.json"), key=lambda path: path.stat().st_mtime)
    return json.loads(newest.read_text())["model"]["metrics"]["train"]["inertia"][-1]


# PREDICT


def predict_table(setting: Setting) -> list[Measurement]:
    rows, _ = setting.data("floats", setting.sizes.number_rows)
    project = setting.project("predict_table", rows)
    project.run("predict_model")
    out = project.folder / "peer.duckdb"

    def ours() -> dict:
        process = project.run("predict")
        return {**project.last_step(), "wall": process.wall, "cpu": process.cpu, "peak_memory": process.peak_memory}

    def peer(way: str) -> dict:
        out.unlink(missing_ok=True)
        process = setting.peer("predict", way, project.model_file(), rows, out, setting.threads)
        answer = process.json()
        return {**answer, "seconds": answer["total"], "wall": process.wall, "cpu": process.cpu,
                "peak_memory": process.peak_memory}

    our_runs, best, peer_runs = alternate(setting.sizes.turns, ours, {way: lambda way=way: peer(way) for way in ("pandas", "numpy")},
                                          "seconds")
    same = setting.peer("compare_tables", project.warehouse, "scored", out, "scored", "prediction").json()
    agrees = same["rows_a"] == same["rows_b"] == setting.sizes.number_rows and same["same_columns"] and same["other"] == 0
    if not agrees or same["largest"] is None or same["largest"] > 1e-6:
        raise BenchError(f"the tables differ: {json.dumps(same)}")
    count = setting.sizes.number_rows
    return [Measurement("predict_table", count / median_of(our_runs, "seconds"), count / median_of(peer_runs[best], "seconds"), 2,
                        at_least=True, unit="rows/s",
                        more={"rows": count, "trees": 100, "threads": setting.threads, "peer_is": best,
                              "largest_difference": same["largest"], "runs_ours": our_runs, "runs_peer": peer_runs,
                              "cpu_ours": median_of(our_runs, "cpu"), "cpu_peer": median_of(peer_runs[best], "total_cpu"),
                              "peak_memory_ours": median_of(our_runs, "peak_memory"),
                              "peak_memory_peer": median_of(peer_runs[best], "peak_memory")})]


def predict_select(setting: Setting) -> list[Measurement]:
    rows = setting.sizes.point_rows
    project = setting.project("predict_select")
    project.run("predict_select_setup", rows=rows)

    def side(program: str) -> dict:
        process = project.run(program)
        return {**project.last_step(), "wall": process.wall, "cpu": process.cpu, "peak_memory": process.peak_memory}

    our_runs, _, peer_runs = alternate(setting.sizes.turns, lambda: side("predict_select"),
                                       {"predict": lambda: side("predict_select_peer")}, "seconds")
    same = setting.peer("compare_tables", project.warehouse, "selected", project.warehouse, "predicted", "y").json()
    if not same["same_columns"] or same["rows_a"] != rows or same["rows_b"] != rows or same["other"] or same["largest"] != 0:
        raise BenchError(f"the tables differ: {json.dumps(same)}")
    runs = {"ours": our_runs, "peer": peer_runs["predict"]}
    return [Measurement("predict_select", rows / median_of(runs["ours"], "seconds"), rows / median_of(runs["peer"], "seconds"), 0.9,
                        at_least=True, unit="rows/s",
                        more={"rows": rows, "trees": 100, "threads": setting.threads} |
                        {f"{field}_{side}": median_of(runs[side], field) for side in runs for field in ("cpu", "peak_memory")} |
                        {f"runs_{side}": runs[side] for side in runs})]


# RUN


def binning(setting: Setting) -> list[Measurement]:
    rows = setting.sizes.point_rows
    project = setting.project("binning")
    project.run("binning_setup", rows=rows)
    out = []
    for task, table in (("binning", "bins"), ("psi", "new_bins")):

        def ours(task=task) -> dict:
            process = project.run(task)
            return {"seconds": project.last_run(), "wall": process.wall, "cpu": process.cpu, "peak_memory": process.peak_memory}

        def peer(way: str, task=task) -> dict:
            process = setting.peer("binning", way, task, project.folder / "old.parquet", project.folder / "new.parquet")
            return {**process.json(), "peak_memory": process.peak_memory}

        our_runs, best, peer_runs = alternate(setting.sizes.turns, ours,
                                              {way: lambda way=way: peer(way) for way in ("cut", "histogram")}, "total")
        found = {row["name"]: row for row in project.query(f"SELECT * FROM {table}")}
        psi = {row["name"]: row["psi"] for row in project.query("SELECT * FROM stability")} if task == "psi" else {}
        for name, expected in peer_runs[best][0]["columns"].items():
            compared = {key: (found[name][key], expected[key]) for key in ("min", "max", "mean", "median", "std")}
            compared |= {f"bin {i}": pair for i, pair in
                         enumerate(zip(map(float, found[name]["bin_prob"].split(",")), expected["prob"], strict=True))}
            if psi:
                compared["psi"] = (psi[name], expected["psi"])
            wrong = {key: pair for key, pair in compared.items() if abs(pair[0] - pair[1]) > 1e-6 * max(1, abs(pair[1]))}
            if wrong:
                raise BenchError(f"{task} of {name} differs from the peer's: {wrong}")
        out.append(Measurement(task, median_of(our_runs, "seconds"), median_of(peer_runs[best], "total"), 0.2, more={
            "rows": rows, "columns": 2, "threads": setting.threads, "peer_is": best, "runs_ours": our_runs,
            "cpu_ours": median_of(our_runs, "cpu"), "cpu_peer": median_of(peer_runs[best], "total_cpu"),
            "peak_memory_ours": median_of(our_runs, "peak_memory"), "peak_memory_peer": median_of(peer_runs[best], "peak_memory"),
            "total_by_way": {way: median_of(runs, "total") for way, runs in peer_runs.items()}}))
    return out


# The program itself


def select_one(setting: Setting) -> list[Measurement]:
    project = setting.project("select_one")
    ours = [setting.sinan, "-c", "SELECT 1 AS one", "--format", "csv", "--quiet"]
    run(ours, project.folder)  # makes the project
    copy = project.folder / "peer.duckdb"
    shutil.copy(project.warehouse, copy)
    peer = [setting.programs / "select_one_peer", copy]
    our_times, peer_times = [], []
    for _ in range(setting.sizes.short_turns):
        one, other = run(ours, project.folder), run(peer)
        if one.output.split() != ["one", "1"] or other.output.split() != ["1"]:
            raise BenchError(f"unexpected answers: {one.output!r} and {other.output!r}")
        our_times.append(one)
        peer_times.append(other)
    return [Measurement("select_one", median([one.wall for one in our_times]), median([one.wall for one in peer_times]), 1.5, more={
        "runs": len(our_times), "cpu_ours": median([one.cpu for one in our_times]), "cpu_peer": median([one.cpu for one in peer_times]),
        "least_ours": min(one.wall for one in our_times), "least_peer": min(one.wall for one in peer_times),
        "peak_memory_ours": median([one.peak_memory for one in our_times]),
        "peak_memory_peer": median([one.peak_memory for one in peer_times])})]


# Time series


def series_fit(setting: Setting) -> list[Measurement]:
    values = setting.work / "series.txt"
    setting.work.mkdir(parents=True, exist_ok=True)
    peer = json.loads(setting.peer("series", values).output.splitlines()[-1])
    ours = json.loads(run([setting.programs / "bench_series", values]).output)
    # A search that ends at a higher likelihood is no disagreement; one that ends lower is.
    worse = [a - b for a, b in zip(ours["log_likelihood"], peer["log_likelihood"], strict=True) if a < b - 0.01]
    if worse:
        raise BenchError(f"likelihoods below those of statsmodels: {worse}")
    return [Measurement("series_fit", ours["seconds"], peer["seconds"], 0.5,
                        more={"series": len(ours["log_likelihood"]), "likelihood_ours": ours["log_likelihood"],
                              "likelihood_peer": peer["log_likelihood"]})]


# Flags of other platforms, imported


def experiment_peers(setting: Setting) -> list[Measurement]:
    """One evaluation on one thread, ours of the imported file and the platform's JavaScript SDK of the same file."""
    setting.work.mkdir(parents=True, exist_ok=True)
    contexts = setting.work / "flag_contexts.json"
    contexts.write_text(json.dumps([
        {"id": f"user-{i}", "targetingKey": f"user-{i}", "country": ("DE", "DE", "DE", "FR")[i % 4],
         "version": f"3.{i % 7}.{i % 5}"} for i in range(1000)]))
    out = []
    for platform in ("growthbook", "flagd"):
        flags = ROOT / "bench/flags" / f"{platform}.json"
        ours = json.loads(run([setting.programs / "bench_experiment_peer", platform, flags, contexts]).output)
        peer = json.loads(run(["node", ROOT / "bench/peers/flags.mjs", platform, flags, contexts]).output)
        for flag, target in (("static", 100e-9), ("split", 300e-9)):
            if ours[flag]["answers"] != peer[flag]["answers"]:
                raise BenchError(f"the {flag} flag of {platform} is answered otherwise")
            shares = {value: peer[flag]["answers"].count(value) for value in sorted(set(peer[flag]["answers"]))}
            one, other = ours[flag]["seconds"], peer[flag]["seconds"]
            name = f"experiment_{flag}_{platform}"
            out.append(Measurement(name, one, other, 0.1, more={"contexts": 1000, "answers": shares}))
            out.append(Measurement(name + "_alone", one, None, target))
    return out


# Programs that measure by themselves: bench/README.md says what they print.


def program(setting: Setting, name: str, *arguments) -> list[Measurement]:
    output = run([setting.programs / name, *arguments], setting.work).output
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise BenchError(f"{name} printed no measurement")
    known = {"name", "ours", "peer", "ratio", "target", "met", "unit", "at_least"}
    return [Measurement(line["name"], line["ours"], line.get("peer"), line["target"], at_least=line.get("at_least", False),
                        unit=line.get("unit", "s"), more={"program": name} | {key: line[key] for key in line.keys() - known})
            for line in lines]


BENCHMARKS: dict[str, Callable[[Setting], list[Measurement]]] = {
    "train_parquet": train_numbers,
    "train_strings": train_text,
    "kmeans": kmeans,
    "predict_table": predict_table,
    "predict_select": predict_select,
    "predict_row": lambda setting: program(setting, "bench_predict_row"),
    "tree_predict": lambda setting: program(setting, "bench_tree_predict", setting.size),
    "tree_shap": lambda setting: program(setting, "bench_tree_shap", setting.size),
    "tuning": lambda setting: program(setting, "bench_tuning", 100000 if setting.size == "full" else 20000),
    "optimise_build": lambda setting: program(setting, "bench_optimise"),
    "series_fit": series_fit,
    "binning": binning,
    "parallel": lambda setting: program(setting, "bench_flow"),
    "select_one": select_one,
    "engine": lambda setting: program(setting, "bench_engine"),
    "sql": lambda setting: program(setting, "bench_sql"),
    "experiment": lambda setting: program(setting, "bench_experiment"),
    "experiment_peers": experiment_peers,
    "openfeature": lambda setting: program(setting, "bench_openfeature"),
    "http": lambda setting: program(setting, "bench_http"),
    "serve": serve,
    "serve_streams": idle_streams,
}

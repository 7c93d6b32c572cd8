#include "app/command_line.h"

namespace sinan::app {
namespace {

constexpr std::string_view kProgram =
    R"(Sinan runs SQL that trains, predicts, evaluates and explains: from raw tables to a measured decision.

Examples
  sinan run late.sql                          run a program: its steps in parallel, with progress
  sinan run --plan late.sql                   what it would do: steps, order, what is cached, every error
  sinan                                       the prompt: history, completion, several lines, Ctrl-C cancels
  sinan -c "SELECT 42 AS answer"              one program from the command line
  sinan -c "SHOW MODELS" --format json        for other programs to read
  cat late.sql | sinan                        a program from a pipe
  sinan --data-source shop=postgresql://me@host/db -c "SELECT * FROM shop.orders"
  sinan serve                                 the project over HTTP: submit programs, watch, cancel
  sinan help TO TRAIN                         how a statement is written
  sinan doctor                                what works on this machine, and how to get the rest

Commands
  run FILE|-            run a program from a file, or from standard input
  model list|get|release|delete  the models of this project
  serve                 serve the project folder over HTTP until a signal comes
  token create|list|revoke  who may use the server
  doctor                check this machine and this project
  help [STATEMENT]      list the statements, or explain one

Programs
  -c, -e PROGRAM        run PROGRAM
  -f FILE               the same as: run FILE
      --plan            check and show the steps; nothing is run
      --no-cache        run every step, also those whose inputs have not changed
      --resume          continue the last failed run of this program
      --seed N          seed of everything random (42)
      --output DIR      save pictures there, rather than in .sinan/runs/

Everywhere
      --project DIR     the folder that holds sinan.toml and .sinan/ (the current folder)
      --data-source [NAME=]URL  a database or folder that SQL can name: postgresql://, mysql://, a DuckDB file, a folder of
                        Parquet or CSV files. Without a name it is the default: bare names mean its tables. Repeatable
      --read-only-sources  nothing is written to data sources
      --env-file FILE   KEY=VALUE lines for the environment: SQLFLOW_DATASOURCE, passwords. Repeatable
      --format F        of results: table, csv, json, markdown, jsonl (table)
      --rows N          rows of a table that are shown; 0 = all (40)
      --error-format F  text, or json: one object a line (text)
      --color WHEN      auto, always, never (auto)
  -q, --quiet           results and errors only
  -h, --help            this text; after a command, that command's
      --version         print the version

Exit codes
  0    done
  1    a step failed, or the project or a file could not be read or written
  2    the program or the command line is wrong; nothing ran
  130  cancelled
)";

constexpr std::string_view kRun = R"(sinan run FILE|- runs a program: statements separated by ';'.

The whole program is checked first, and all mistakes are shown at once; nothing runs while there is one. Then independent steps
run in parallel. A step whose text and inputs are unchanged since an earlier run is not run again. When a step fails, only the
steps that need it are skipped.

Examples
  sinan run late.sql
  sinan run --plan late.sql                   steps, reads, writes, order, what is cached; nothing is run
  sinan run --plan late.sql --format json     the same for other programs to read
  sinan run --resume late.sql                 continue after a failure
  sinan run late.sql --output pictures        SVG files go to pictures/
  generate | sinan run -                      from standard input

Options
      --plan            check and show the steps; nothing is run
      --no-cache        run every step, also those whose inputs have not changed
      --resume          continue the last failed run of this program
      --seed N          seed of everything random (42)
      --output DIR      save pictures there, rather than in .sinan/runs/
  and those of every command: sinan --help

Exit codes
  0 done, 1 a step failed, 2 the program or the command line is wrong (nothing ran), 130 cancelled
)";

constexpr std::string_view kServe = R"(sinan serve serves the project folder over HTTP until SIGTERM or Ctrl-C.

Programs are submitted, watched and cancelled over the API, which /openapi.json describes. While the folder is served, other
commands on it are told that it is in use.

Without tokens the server listens on this machine only, and whoever is on it may do everything. Beyond it, tokens and TLS are needed:
sinan token create, and in sinan.toml

  [server]
  listen = "0.0.0.0:8443"
  tls_certificate = "certificate.pem"
  tls_key = "key.pem"

Examples
  sinan serve
  sinan serve --listen 127.0.0.1:0            any free port; standard error says which
  curl -d '{"program": "SELECT 1"}' -H 'Content-Type: application/json' 127.0.0.1:8080/v1/programs

Options
      --listen ADDRESS:PORT  (127.0.0.1:8080, or as sinan.toml says)
      --allow-plaintext      beyond this machine without TLS: something in front does it
  and those of every command: sinan --help
)";

constexpr std::string_view kModel =
    R"(sinan model shows and changes the models of this project: short for the statements that stand behind each.

Examples
  sinan model list                            SHOW MODELS
  sinan model list 'zoo.%' --format json      SHOW MODELS LIKE 'zoo.%'
  sinan model get zoo.buyer:3 package         EXPORT MODEL zoo.buyer:3 TO 'package'
  sinan model release zoo.buyer 3             ALTER MODEL zoo.buyer SET ALIAS prod TO VERSION 3; another alias behind it
  sinan model delete zoo.buyer                DROP MODEL zoo.buyer; zoo.buyer:3 for one version

Options are those of every command: sinan --help
)";

constexpr std::string_view kToken =
    R"(sinan token decides who may use the server of this project. A running server knows within a second.

Examples
  sinan token create ci --role editor --days 90   prints the token, once
  sinan token list
  sinan token revoke ci

Options of create
      --role ROLE       admin, editor, viewer; server or client for services and apps that evaluate configuration (viewer)
      --days N          until it expires; 0 = never (0)
  and those of every command: sinan --help
)";

constexpr std::string_view kDoctor =
    R"(sinan doctor checks what works here: the engine, the stores, the trainers, the machine's limits, the terminal, the project.

Every line says ok or problem, and below a problem stands how to mend it. Exit code 0 when all is well, 1 otherwise.
)";

constexpr std::string_view kHelp = R"(sinan help lists the statements of this build; sinan help STATEMENT explains one.

Examples
  sinan help
  sinan help TO TRAIN
  sinan help show models
)";

}  // namespace

std::string usage(std::string_view verb) {
  if (verb == "run") return std::string(kRun);
  if (verb == "serve") return std::string(kServe);
  if (verb == "model") return std::string(kModel);
  if (verb == "token") return std::string(kToken);
  if (verb == "doctor") return std::string(kDoctor);
  if (verb == "help") return std::string(kHelp);
  return std::string(kProgram);
}

std::string version_text() { return "sinan " SINAN_VERSION "\n"; }

}  // namespace sinan::app

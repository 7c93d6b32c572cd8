// Statements split and analysed per second on one core, for programs of statements of about 500 bytes. Counts the
// processor time of the one thread, so that other work on the machine does not show. Prints one JSON line; fails when an
// answer is wrong.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "sql/analyze.h"
#include "sql/splitter.h"

namespace {

using sinan::sql::Analysis;

class FlightScope final : public sinan::sql::Scope {
 public:
  std::optional<std::vector<std::string>> columns_of(std::string_view table) const override {
    auto found = tables_.find(table);
    if (found == tables_.end()) return std::nullopt;
    return found->second;
  }
  std::string current_schema() const override { return "main"; }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> tables_ = {
      {"main.flights",
       {"year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time", "arr_delay",
        "carrier", "flight", "tailnum", "origin", "dest", "air_time", "distance", "hour", "minute", "time_hour"}},
      {"main.weather",
       {"origin", "year", "month", "day", "hour", "temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust",
        "precip", "pressure", "visib", "time_hour"}},
      {"main.planes", {"tailnum", "year", "type", "manufacturer", "model", "engines", "seats", "speed", "engine"}},
      {"main.airlines", {"carrier", "name"}}};
};

struct Shape {
  const char* text;
  size_t reads;
  size_t writes;
};

constexpr Shape kShapes[] = {
    {R"(CREATE OR REPLACE TABLE late_@ AS
  SELECT f.year, f.month, f.day, f.carrier, f.origin, f.dest, f.distance, p.seats, p.engines,
         date_part('dow', f.time_hour) AS weekday, w.temp, w.humid, w.wind_speed, w.precip, w.visib,
         CASE WHEN f.arr_delay >= 15 THEN 1 ELSE 0 END AS late -- the label
  FROM flights f
  LEFT JOIN weather w ON w.origin = f.origin AND w.time_hour = f.time_hour
  LEFT JOIN planes p USING (tailnum)
  WHERE f.arr_delay IS NOT NULL AND f.month BETWEEN 1 AND 9 AND f.dest NOT IN ('ANC', 'HNL');
)",
     3, 1},
    {R"(WITH busy AS (SELECT origin, dest, count(*) AS n, avg(arr_delay) AS mean_delay FROM flights GROUP BY ALL),
  ranked AS (SELECT *, row_number() OVER (PARTITION BY origin ORDER BY n DESC, dest) AS place FROM busy),
  named AS (SELECT DISTINCT a.name, f.origin, f.dest FROM flights AS f JOIN airlines AS a ON a.carrier = f.carrier)
SELECT r.origin, r.dest, r.n, round(r.mean_delay, 1) AS mean_delay, list(n.name ORDER BY n.name) AS names
FROM ranked r JOIN named n USING (origin, dest) WHERE place <= @ GROUP BY r.origin, r.dest, r.n, r.mean_delay;
)",
     2, 0},
    {R"(INSERT INTO zoo.daily_@ (day, carrier, flights, late, share)
SELECT make_date(year, month, day), carrier, count(*), count(*) FILTER (WHERE arr_delay > 15),
       coalesce(avg((arr_delay > 15)::INT), 0.0)
FROM flights WHERE carrier IN (SELECT carrier FROM airlines WHERE name ILIKE '%inc.%' AND carrier <> 'zz''top')
  AND NOT EXISTS (SELECT 1 FROM weather w WHERE w.origin = flights.origin AND w.time_hour = flights.time_hour
                  AND (w.precip > 0.5 OR w.visib < 2)) /* clear days only */
GROUP BY 1, 2 HAVING count(*) > 10 UNION ALL SELECT NULL, name, 0, 0, 0 FROM airlines;
)",
     3, 1},
    {R"(UPDATE planes SET seats = s.seats, engines = greatest(planes.engines, s.engines),
  model = upper(trim(s.model)) || '-' || coalesce(s.type, 'unknown')
FROM (SELECT tailnum, max(seats) AS seats, max(engines) AS engines, any_value(model) AS model, any_value(type) AS type
      FROM read_parquet('data/planes_@.parquet') WHERE year >= 1990 AND manufacturer IN ('BOEING', 'AIRBUS', 'EMBRAER')
      GROUP BY tailnum) AS s
WHERE s.tailnum = planes.tailnum AND (planes.seats IS NULL OR planes.seats < s.seats OR planes.model IS DISTINCT FROM s.model);
)",
     2, 1}};

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

int main() {
  constexpr size_t kStatements = 4000;
  constexpr double kTarget = 50'000;
  std::string program;
  for (size_t i = 0; i < kStatements; ++i) {
    std::string text = kShapes[i % std::size(kShapes)].text;
    text.replace(text.find('@'), 1, std::to_string(i));
    program += text;
  }
  FlightScope scope;
  std::vector<double> rates;
  for (int round = 0; round < 9; ++round) {
    double start = processor_seconds();
    auto statements = sinan::sql::split(program);
    if (!statements || statements->size() != kStatements) {
      fmt::print(stderr, "wrong number of statements\n");
      return 1;
    }
    for (size_t i = 0; i < kStatements; ++i) {
      Analysis analysis = sinan::sql::analyze(program, (*statements)[i].standard, scope);
      const Shape& shape = kShapes[i % std::size(kShapes)];
      if (analysis.unknown || analysis.access.reads.size() != shape.reads ||
          analysis.access.writes.size() != shape.writes) {
        fmt::print(stderr, "wrong answer for statement {}: {}\n", i, analysis.unknown ? analysis.unknown->reason : "");
        return 1;
      }
    }
    rates.push_back(static_cast<double>(kStatements) / (processor_seconds() - start));
  }
  std::ranges::sort(rates);
  double rate = rates[rates.size() / 2];
  fmt::print(R"({{"name":"sql_split_analyse","ours":{:.0f},"target":{:.0f},"at_least":true,"unit":"statements/s",)"
             R"("met":{},"statement_bytes":{}}})"
             "\n",
             rate, kTarget, rate >= kTarget, program.size() / kStatements);
  return 0;
}

#include "ml/series/test/series_sample.h"

namespace sinan::ml::series {

std::vector<double> noise(size_t n, uint64_t seed) {
  std::vector<double> out;
  uint64_t x = seed;
  for (size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (int k = 0; k < 12; ++k) {
      x = (x * 1103515245 + 12345) % 2147483648;
      sum += static_cast<double>(x) / 2147483648.0;
    }
    out.push_back(sum - 6);
  }
  return out;
}

std::vector<double> sample(size_t n) {
  constexpr double kWeek[] = {0, 1, 2, 3, 1, -3, -4};
  const std::vector<double> e = noise(n, 1);
  std::vector<double> w(n), y(n);
  for (size_t t = 0; t < n; ++t) {
    w[t] = e[t] + (t > 0 ? 0.6 * w[t - 1] + 0.4 * e[t - 1] : 0.0);
    y[t] = 100 + 0.05 * static_cast<double>(t) + 5 * kWeek[t % 7] + 2 * w[t];
  }
  return y;
}

const std::vector<double>& nile() {
  static const std::vector<double> kFlow = {
      1120, 1160, 963,  1210, 1160, 1160, 813,  1230, 1370, 1140, 995,  935,  1110, 994, 1020, 960,  1180,
      799,  958,  1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774,  840,  874, 694,  940,  833,
      701,  916,  692,  1020, 1050, 969,  831,  726,  456,  824,  702,  1120, 1100, 832, 764,  821,  768,
      845,  864,  862,  698,  845,  744,  796,  1040, 759,  781,  865,  845,  944,  984, 897,  822,  1010,
      771,  676,  649,  846,  812,  742,  801,  1040, 860,  874,  848,  890,  744,  749, 838,  1050, 918,
      986,  797,  923,  975,  815,  1020, 906,  901,  1170, 912,  746,  919,  718,  714, 740};
  return kFlow;
}

}  // namespace sinan::ml::series

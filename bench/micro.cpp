// Pure code under Google Benchmark: what a request costs before it meets the network or the database.
#include <fleet/events.hpp>
#include <fleet/json.hpp>
#include <fleet/pattern.hpp>

#include <benchmark/benchmark.h>

#include <string>

namespace {

fleet::Pattern pattern(char const* text) { return fleet::Pattern::parse(text).value(); }

void overlap_literal_and_directory(benchmark::State& state) {
    auto const file = pattern("src/module/file.cpp");
    auto const directory = pattern("src/**");
    for (auto _ : state) benchmark::DoNotOptimize(overlaps(file, directory));
}
BENCHMARK(overlap_literal_and_directory);

void overlap_of_two_globs(benchmark::State& state) {
    auto const left = pattern("**/a*/x*y*.cpp");
    auto const right = pattern("src/**/*b/*z.c*");
    for (auto _ : state) benchmark::DoNotOptimize(overlaps(left, right));
}
BENCHMARK(overlap_of_two_globs);

void parse_a_request(benchmark::State& state) {
    std::string const text = R"({"type":"x.bench","data":{"n":1,"text":"a small payload, as events have"}})";
    for (auto _ : state) benchmark::DoNotOptimize(fleet::parse_json(text));
}
BENCHMARK(parse_a_request);

}  // namespace

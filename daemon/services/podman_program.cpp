#include "services/podman_program.hpp"

#include "services/failure.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <array>
#include <utility>

#include <unistd.h>

namespace fleet::services {
namespace {

constexpr Millis look_limit{20'000};
constexpr Millis act_limit{60'000};
constexpr Millis stop_margin{15'000};
constexpr Millis for_ever{std::chrono::hours(24 * 365)};

constexpr std::array<std::string_view, 6> words_of_absence{"no such",
                                                           "image not known",
                                                           "no container with name",
                                                           "no secret with name",
                                                           "no volume with name",
                                                           "could not be found"};

bool says_absent(std::string_view words) {
    for (auto const& absence : words_of_absence)
        if (words.find(absence) != std::string_view::npos) return true;
    return false;
}

// The last line is the reason; warnings of the set-up come before it.
std::string last_line(std::string const& text) {
    auto end = text.find_last_not_of(" \n\r");
    if (end == std::string::npos) return {};
    auto const start = text.rfind('\n', end);
    auto line = text.substr(start == std::string::npos ? 0 : start + 1,
                            end - (start == std::string::npos ? 0 : start + 1) + 1);
    constexpr std::string_view prefix = "Error: ";
    return line.starts_with(prefix) ? line.substr(prefix.size()) : line;
}

std::vector<std::string> with_labels(std::vector<std::string> words, Labels const& labels) {
    for (auto const& [name, value] : labels) words.push_back(fmt::format("--label={}={}", name, value));
    return words;
}

}  // namespace

Command PodmanCall::command(std::vector<std::string> words) const {
    Command command;
    command.arguments = {program.string()};
    if (!runtime.empty()) command.arguments.push_back("--runtime=" + runtime);
    for (auto& word : words) command.arguments.push_back(std::move(word));
    for (char** entry = environ; *entry != nullptr; ++entry) command.environment.emplace_back(*entry);
    return command;
}

PodmanProgram::PodmanProgram(asio::any_io_executor executor, PodmanCall call)
    : executor_(std::move(executor)), call_(std::move(call)) {}

std::string PodmanProgram::words() const {
    return fmt::format("Podman{}{} by the program {}", version_.empty() ? "" : " ", version_,
                       call_.program.string());
}

asio::awaitable<Result<std::string>> PodmanProgram::ask(std::vector<std::string> words, Millis limit,
                                                        std::string input) {
    auto command = call_.command(std::move(words));
    command.input = std::move(input);
    auto ran = co_await run_program(executor_, std::move(command), limit);
    if (!ran) co_return ran.error();
    if (ran->is_ok()) co_return ran->output;
    auto why = last_line(ran->errors);
    if (why.empty()) why = fmt::format("{} ended with code {}", call_.program.string(), ran->exit.code);
    co_return failure(says_absent(why) ? ErrorCode::not_found : ErrorCode::internal, why);
}

asio::awaitable<Result<void>> PodmanProgram::act(std::vector<std::string> words, Millis limit) {
    auto said = co_await ask(std::move(words), limit);
    if (!said) co_return said.error();
    co_return Result<void>{};
}

asio::awaitable<Result<void>> PodmanProgram::remove_by(std::vector<std::string> words) {
    auto done = co_await act(std::move(words), act_limit);
    if (!done && done.error().code == ErrorCode::not_found) co_return Result<void>{};
    co_return done;
}

asio::awaitable<Result<std::optional<Json>>> PodmanProgram::inspect(std::vector<std::string> words) {
    auto said = co_await ask(std::move(words), look_limit);
    if (!said && said.error().code == ErrorCode::not_found) co_return std::optional<Json>{};
    if (!said) co_return said.error();
    auto document = parse_json(*said);
    if (!document) co_return document.error();
    if (!document->is_array() || document->empty()) co_return std::optional<Json>{};
    co_return std::optional<Json>(document->front());
}

asio::awaitable<bool> PodmanProgram::answers() {
    std::vector<std::string> words{"version", "--format", "{{.Client.Version}}"};
    auto said = co_await ask(std::move(words), look_limit);
    if (!said) co_return false;
    version_ = said->substr(0, said->find_first_of("\n "));
    co_return !version_.empty();
}

asio::awaitable<Result<std::optional<ImageFacts>>> PodmanProgram::image(std::string name) {
    std::vector<std::string> words{"image", "inspect", std::move(name)};
    auto document = co_await inspect(std::move(words));
    if (!document) co_return document.error();
    if (!*document) co_return std::optional<ImageFacts>{};
    auto facts = image_facts(**document);
    if (!facts) co_return facts.error();
    co_return std::optional<ImageFacts>(*std::move(facts));
}

asio::awaitable<Result<void>> PodmanProgram::pull(std::string name, Progress progress) {
    std::vector<std::string> words{"pull", "--quiet", std::move(name)};
    if (progress) progress(Step{"image", "fetching " + words.back(), false});
    auto done = co_await act(std::move(words), for_ever);
    co_return done;
}

asio::awaitable<Result<std::optional<Labels>>> PodmanProgram::volume(std::string name) {
    std::vector<std::string> words{"volume", "inspect", std::move(name)};
    auto document = co_await inspect(std::move(words));
    if (!document) co_return document.error();
    if (!*document) co_return std::optional<Labels>{};
    co_return std::optional<Labels>(labels_of(**document, "Labels"));
}

asio::awaitable<Result<void>> PodmanProgram::make_volume(std::string name, Labels labels) {
    auto words = with_labels({"volume", "create"}, labels);
    words.push_back(std::move(name));
    auto done = co_await act(std::move(words), act_limit);
    co_return done;
}

asio::awaitable<Result<void>> PodmanProgram::remove_volume(std::string name) {
    std::vector<std::string> words{"volume", "rm", std::move(name)};
    auto done = co_await remove_by(std::move(words));
    co_return done;
}

asio::awaitable<Result<std::optional<Labels>>> PodmanProgram::secret(std::string name) {
    std::vector<std::string> words{"secret", "inspect", std::move(name)};
    auto document = co_await inspect(std::move(words));
    if (!document) co_return document.error();
    if (!*document) co_return std::optional<Labels>{};
    auto const spec = (*document)->find("Spec");
    if (spec == (*document)->end()) co_return std::optional<Labels>(Labels{});
    co_return std::optional<Labels>(labels_of(*spec, "Labels"));
}

asio::awaitable<Result<void>> PodmanProgram::make_secret(std::string name, std::string text, Labels labels) {
    auto words = with_labels({"secret", "create"}, labels);
    words.push_back(std::move(name));
    words.emplace_back("-");
    auto said = co_await ask(std::move(words), act_limit, std::move(text));
    if (!said) co_return said.error();
    co_return Result<void>{};
}

asio::awaitable<Result<void>> PodmanProgram::remove_secret(std::string name) {
    std::vector<std::string> words{"secret", "rm", std::move(name)};
    auto done = co_await remove_by(std::move(words));
    co_return done;
}

asio::awaitable<Result<std::optional<ContainerFacts>>> PodmanProgram::container(std::string name) {
    std::vector<std::string> words{"container", "inspect", std::move(name)};
    auto document = co_await inspect(std::move(words));
    if (!document) co_return document.error();
    if (!*document) co_return std::optional<ContainerFacts>{};
    auto facts = container_facts(**document);
    if (!facts) co_return facts.error();
    co_return std::optional<ContainerFacts>(*std::move(facts));
}

asio::awaitable<Result<void>> PodmanProgram::create(ContainerPlan plan) {
    std::vector<std::string> words{"create"};
    for (auto& word : create_arguments(plan)) words.push_back(std::move(word));
    auto done = co_await act(std::move(words), act_limit);
    co_return done;
}

asio::awaitable<Result<void>> PodmanProgram::start(std::string name) {
    std::vector<std::string> words{"start", std::move(name)};
    auto done = co_await act(std::move(words), act_limit);
    co_return done;
}

asio::awaitable<Result<void>> PodmanProgram::stop(std::string name, Millis limit) {
    auto const seconds = std::chrono::ceil<std::chrono::seconds>(limit).count();
    std::vector<std::string> words{"stop", "--ignore", fmt::format("--time={}", seconds), std::move(name)};
    auto done = co_await act(std::move(words), limit + stop_margin);
    co_return done;
}

asio::awaitable<Result<void>> PodmanProgram::remove(std::string name) {
    std::vector<std::string> words{"rm", "--force", "--volumes", std::move(name)};
    auto done = co_await remove_by(std::move(words));
    co_return done;
}

asio::awaitable<Result<void>> PodmanProgram::wait(std::string name) {
    std::vector<std::string> words{"wait", "--interval=1s", std::move(name)};
    auto done = co_await act(std::move(words), for_ever);
    if (!done && done.error().code == ErrorCode::not_found) co_return Result<void>{};
    co_return done;
}

asio::awaitable<Result<std::optional<std::string>>> PodmanProgram::file(std::string name, std::string path) {
    std::vector<std::string> words{"cp", name + ":" + path, "-"};
    auto said = co_await ask(std::move(words), look_limit);
    if (!said && said.error().code == ErrorCode::not_found) co_return std::optional<std::string>{};
    if (!said) co_return said.error();
    co_return first_file_of_tar(*said);
}

asio::awaitable<Result<void>> PodmanProgram::logs(std::string name, ContainerLog wanted, LineSink sink) {
    std::vector<std::string> words{"logs", "--timestamps", fmt::format("--tail={}", wanted.tail)};
    if (wanted.follow) words.emplace_back("--follow");
    if (wanted.since) words.push_back("--since=" + time_text(*wanted.since));
    words.push_back(std::move(name));
    auto command = call_.command(std::move(words));
    auto exit = co_await run_for_lines(executor_, std::move(command), std::move(sink));
    if (!exit) co_return exit.error();
    co_return Result<void>{};
}

}  // namespace fleet::services

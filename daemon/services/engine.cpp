#include "services/engine.hpp"

#include "services/binaries.hpp"
#include "services/failure.hpp"

#include <fleet/json.hpp>

#include <algorithm>
#include <cstdlib>

namespace fleet::services {
namespace {

constexpr std::size_t tar_block = 512;
constexpr std::size_t tar_size_at = 124;
constexpr std::size_t tar_size_length = 12;
constexpr std::size_t tar_type_at = 156;

Json const& member(Json const& object, std::string const& name) {
    static Json const nothing;
    if (!object.is_object()) return nothing;
    auto const found = object.find(name);
    return found == object.end() ? nothing : *found;
}

Error not_understood(std::string_view what) {
    return failure(ErrorCode::internal,
                   "Podman described " + std::string(what) + " in a way that is not understood");
}

int major_in_environment(Json const& environment) {
    if (!environment.is_array()) return 0;
    constexpr std::string_view name = "PG_MAJOR=";
    for (auto const& entry : environment) {
        if (!entry.is_string()) continue;
        auto const& text = entry.get_ref<std::string const&>();
        if (text.starts_with(name)) return major_of(text.substr(name.size()));
    }
    return 0;
}

}  // namespace

std::optional<Time> time_of_stamp(std::string const& text) {
    constexpr std::size_t upto_seconds = 19;
    if (text.size() < upto_seconds || text.starts_with("0001")) return std::nullopt;
    auto rest = text.substr(upto_seconds);
    std::string millis = ".000";
    if (rest.starts_with('.')) {
        auto const digits = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
        millis = (rest.substr(0, digits) + "000").substr(0, millis.size());
        rest = rest.substr(digits);
    }
    auto time = parse_time(text.substr(0, upto_seconds) + millis + rest);
    if (!time) return std::nullopt;
    return *time;
}

Labels labels_of(Json const& object, std::string const& name) {
    Labels labels;
    auto const& found = member(object, name);
    if (!found.is_object()) return labels;
    for (auto const& [key, value] : found.items())
        if (value.is_string()) labels[key] = value.get<std::string>();
    return labels;
}

Result<ImageFacts> image_facts(Json const& inspected) {
    ImageFacts facts;
    facts.id = text_or(inspected, "Id", "");
    if (facts.id.empty()) return not_understood("an image");
    facts.major = major_in_environment(member(member(inspected, "Config"), "Env"));
    return facts;
}

Result<ContainerFacts> container_facts(Json const& inspected) {
    ContainerFacts facts;
    facts.id = text_or(inspected, "Id", "");
    auto const& state = member(inspected, "State");
    if (facts.id.empty() || !state.is_object()) return not_understood("a container");
    facts.state = text_or(state, "Status", "");
    facts.is_running = flag_or(state, "Running", false);
    facts.was_out_of_memory = flag_or(state, "OOMKilled", false);
    facts.exit_code = static_cast<int>(number_or(state, "ExitCode", 0));
    facts.error = text_or(state, "Error", "");
    facts.image = text_or(inspected, "ImageName", "");
    facts.labels = labels_of(member(inspected, "Config"), "Labels");
    facts.started = time_of_stamp(text_or(state, "StartedAt", ""));
    facts.pid = static_cast<int>(number_or(state, "Pid", 0));
    facts.conmon_pid = static_cast<int>(number_or(state, "ConmonPid", 0));
    return facts;
}

std::optional<std::string> first_file_of_tar(std::string_view archive) {
    std::size_t at = 0;
    while (archive.size() >= at + tar_block && archive[at] != '\0') {
        auto const head = archive.substr(at, tar_block);
        auto const digits = std::string(head.substr(tar_size_at, tar_size_length));
        auto const size = static_cast<std::size_t>(std::strtoull(digits.c_str(), nullptr, 8));
        auto const type = head[tar_type_at];
        at += tar_block;
        if (size > archive.size() - at) return std::nullopt;
        if (type == '0' || type == '\0') return std::string(archive.substr(at, size));
        at += (size + tar_block - 1) / tar_block * tar_block;
    }
    return std::nullopt;
}

}  // namespace fleet::services

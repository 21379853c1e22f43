#include "cli/upgrade_plan.hpp"

#include <fmt/format.h>

#include <cctype>

namespace fleet::cli {
namespace {

Error usage(std::string message, std::string hint = {}) {
    auto error = make_error(ErrorCode::usage, std::move(message));
    error.hint = std::move(hint);
    return error;
}

// The major that a tag names: "17", "17.2-bookworm", "15-f15424bd7870"; 0: none.
int major_of_image(std::string const& image) {
    auto const colon = image.rfind(':');
    if (colon == std::string::npos || image.find('/', colon) != std::string::npos) return 0;
    return major_of_version(image.substr(colon + 1));
}

// A container of another name, so that the old one keeps its volume.
std::string free_container(std::string const& usual, int major, MachineFacts const& facts) {
    if (!facts.is_used(usual)) return usual;
    auto const stem = major != 0 ? fmt::format("{}-{}", usual, major) : usual + "-new";
    auto name = stem;
    for (int n = 2; facts.is_used(name); ++n) name = fmt::format("{}-{}", stem, n);
    return name;
}

// "fleettools-pg" of "fleettools-pg-15", so that names do not grow.
std::string stem_of(std::string const& container) {
    auto const dash = container.rfind('-');
    if (dash == std::string::npos || dash + 1 == container.size()) return container;
    for (auto at = dash + 1; at < container.size(); ++at)
        if (std::isdigit(static_cast<unsigned char>(container[at])) == 0) return container;
    return container.substr(0, dash);
}

Result<Target> native_target(UpgradeFlags const& flags, Settings const& settings, MachineFacts const& facts) {
    Target target;
    target.provider = "native";
    target.bin_dir = flags.bin_dir;
    if (target.bin_dir.empty() && flags.major != 0)
        target.bin_dir = fmt::format("/usr/lib/postgresql/{}/bin", flags.major);
    if (target.bin_dir.empty()) target.bin_dir = settings.postgres_bin_dir;
    if (target.bin_dir.empty()) return target;
    target.major = facts.major_in(target.bin_dir);
    if (target.major != 0 && (flags.major == 0 || flags.major == target.major)) return target;
    auto const found =
        target.major == 0 ? std::string("no PostgreSQL") : fmt::format("PostgreSQL {}", target.major);
    auto const wanted = flags.major != 0 ? fmt::format(", not {}", flags.major) : std::string();
    auto error =
        make_error(ErrorCode::binaries_missing, fmt::format("{} has {}{}", target.bin_dir, found, wanted));
    error.hint = "Install that version, or say where its programs are with --postgres-bin-dir.";
    return error;
}

Target podman_target(UpgradeFlags const& flags, Settings const& settings, MachineFacts const& facts) {
    Target target;
    target.provider = "podman";
    target.image = flags.image.empty() ? settings.podman_image : flags.image;
    if (flags.image.empty() && flags.major != 0) target.image = image_of_major(target.image, flags.major);
    target.major = flags.major != 0 ? flags.major : major_of_image(target.image);
    target.container = free_container(stem_of(settings.podman_container), target.major, facts);
    return target;
}

Result<void> check_flags(UpgradeFlags const& flags, std::string const& provider) {
    if (!flags.bin_dir.empty() && provider != "native")
        return usage(fmt::format("--postgres-bin-dir says nothing to provider {}", provider));
    if (!flags.image.empty() && provider != "podman")
        return usage(fmt::format("--podman-image says nothing to provider {}", provider));
    if (provider == "external" && flags.dsn_file.empty())
        return usage("--to-provider external needs --dsn-file",
                     "A file of mode 0600 with the DSN of an empty database whose owner you are.");
    if (!flags.dsn_file.empty() && provider != "external")
        return usage(fmt::format("--dsn-file says nothing to provider {}", provider));
    if (provider == "external" && flags.major != 0)
        return usage("an external server has the major version that it has");
    return {};
}

}  // namespace

int major_of_version(std::string const& version) {
    int major = 0;
    for (char const c : version) {
        if (std::isdigit(static_cast<unsigned char>(c)) == 0 || major > 1000) break;
        major = major * 10 + (c - '0');
    }
    return major;
}

std::string image_of_major(std::string const& image, int major) {
    auto const colon = image.rfind(':');
    auto const has_tag = colon != std::string::npos && image.find('/', colon) == std::string::npos;
    return fmt::format("{}:{}", has_tag ? image.substr(0, colon) : image, major);
}

int Source::major() const {
    return major_of_version(version);
}

std::string Source::words() const {
    auto const where = provider == "podman" ? fmt::format("podman, container {}", container) : provider;
    return fmt::format("PostgreSQL {} ({})", version, where);
}

std::string Target::words() const {
    auto const what = major == 0 ? std::string("PostgreSQL") : fmt::format("PostgreSQL {}", major);
    if (provider == "podman")
        return fmt::format("{} (podman, container {}, image {})", what, container, image);
    if (provider == "external") return fmt::format("{} (external, by {})", what, dsn_file);
    return fmt::format("{} (native{})", what, bin_dir.empty() ? "" : ", " + bin_dir);
}

std::vector<std::string> Target::flags() const {
    std::vector<std::string> words{"--provider", provider};
    auto put = [&](char const* flag, std::string const& value) {
        if (value.empty()) return;
        words.emplace_back(flag);
        words.push_back(value);
    };
    put("--postgres-bin-dir", bin_dir);
    put("--podman-container", container);
    put("--podman-image", image);
    put("--dsn-file", dsn_file);
    return words;
}

SettingChanges Target::changes() const {
    SettingChanges changes{{"provider", provider}};
    if (provider == "native") changes.emplace_back("postgres_bin_dir", bin_dir);
    if (provider == "podman") {
        changes.emplace_back("podman_container", container);
        changes.emplace_back("podman_image", image);
    }
    if (provider == "external") {
        // A DSN in the file would win over the file that is named.
        changes.emplace_back("dsn", "");
        changes.emplace_back("dsn_file", dsn_file);
    }
    return changes;
}

Result<Target> plan_upgrade(UpgradeFlags const& flags, Source const& source, Settings const& settings,
                            MachineFacts const& facts) {
    auto const provider = flags.provider.empty() ? source.provider : flags.provider;
    if (auto checked = check_flags(flags, provider); !checked) return checked.error();
    Target target;
    if (provider == "native") {
        auto planned = native_target(flags, settings, facts);
        if (!planned) return planned.error();
        target = *std::move(planned);
    } else if (provider == "podman") {
        target = podman_target(flags, settings, facts);
    } else {
        target.provider = provider;
        target.dsn_file = flags.dsn_file;
    }
    auto const same_image = flags.image.empty() || flags.image == source.image;
    if (provider == source.provider && provider != "external" && same_image &&
        (target.major == 0 || target.major == source.major()))
        return usage(fmt::format("the database is there already: {}", source.words()),
                     "--to-provider or --to-major says where it is to go.");
    if (target.major != 0 && target.major < source.major())
        return usage(fmt::format("PostgreSQL {} cannot be relied upon to read what {} wrote", target.major,
                                 source.version),
                     "Go to the same major version, or to a newer one.");
    return target;
}

}  // namespace fleet::cli

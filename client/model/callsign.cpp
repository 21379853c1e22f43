#include <fleet/callsign.hpp>

#include <algorithm>

namespace fleet {

bool Callsign::is_valid(std::string_view text) {
    auto const is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    auto const may_follow = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; };
    return !text.empty() && text.size() <= 63 && is_letter(text.front()) &&
           std::all_of(text.begin(), text.end(), may_follow);
}

Result<Callsign> Callsign::parse(std::string_view text) {
    if (is_valid(text)) return Callsign(std::string(text));
    return make_error(ErrorCode::invalid_field,
                      "a callsign is a-z first, then up to 62 of a-z, 0-9 and - (for example viper-1)",
                      "/callsign");
}

}  // namespace fleet

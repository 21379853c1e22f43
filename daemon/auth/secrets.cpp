#include "auth/secrets.hpp"

#include <fleet/assert.hpp>

#include <fmt/format.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace fleet::auth {

namespace {

constexpr std::string_view base32 = "0123456789abcdefghjkmnpqrstvwxyz";   // Crockford's, as in our ids
constexpr std::size_t token_bytes = 32;
constexpr std::size_t token_file_max = 1'024;

// Closes at the end of its scope.
class File {
public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    File(File const&) = delete;
    File& operator=(File const&) = delete;
    int get() const { return descriptor_; }
    bool is_open() const { return descriptor_ >= 0; }

private:
    int descriptor_;
};

Error broken(std::filesystem::path const& file, std::string_view what) {
    return make_error(ErrorCode::not_configured, fmt::format("the token file {} {}", file.string(), what));
}

Result<std::string> read_token(std::filesystem::path const& file, int descriptor) {
    struct stat found {};
    if (::fstat(descriptor, &found) != 0) return broken(file, std::strerror(errno));
    if ((found.st_mode & 077) != 0)
        return broken(file,
                      "may be read by others; `chmod 600` it, and draw a new token if others had access");
    std::string text(token_file_max, '\0');
    ssize_t const count = ::read(descriptor, text.data(), text.size());
    if (count < 0) return broken(file, std::strerror(errno));
    text.resize(static_cast<std::size_t>(count));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
        text.pop_back();
    if (text.empty()) return broken(file, "is empty; remove it and a new one is drawn");
    return text;
}

}  // namespace

std::string draw_token() {
    std::array<unsigned char, token_bytes> random{};
    FLEET_ASSERT(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1,
                 "the system gives random bytes");
    std::string token = "tok_";
    unsigned bits = 0;
    unsigned held = 0;
    for (unsigned char const byte : random) {
        held = (held << 8) | byte;
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            token += base32[(held >> bits) & 31];
        }
        held &= (1u << bits) - 1;
    }
    token += base32[(held << (5 - bits)) & 31];
    return token;
}

std::string sha256_hex(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    int const done = EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
    FLEET_ASSERT(done == 1, "SHA-256 is always there");
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(std::size_t{size} * 2);
    for (unsigned i = 0; i < size; ++i) {
        hex += digits[digest[i] >> 4];
        hex += digits[digest[i] & 15];
    }
    return hex;
}

bool same_secret(std::string_view a, std::string_view b) {
    // Digests have one length, so that not even the length shows.
    auto const one = sha256_hex(a);
    auto const other = sha256_hex(b);
    return CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

Result<std::string> access_token(std::filesystem::path const& file) {
    {
        File const old(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        if (old.is_open()) return read_token(file, old.get());
        if (errno != ENOENT) return broken(file, std::strerror(errno));
    }
    // Exclusive: if another process makes it at this moment, its token counts.
    File const made(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!made.is_open()) return broken(file, std::strerror(errno));
    std::string const token = draw_token();
    std::string const line = token + "\n";
    if (::write(made.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
        return broken(file, std::strerror(errno));
    return token;
}

}  // namespace fleet::auth

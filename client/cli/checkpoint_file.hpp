#pragma once
// A checkpoint as a file: one line that says what follows and its digest, then the document, compressed.
// Every byte of it is covered by a digest. No file is touched here.
#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <string>
#include <string_view>

namespace fleet::cli {

// {checkpoint, manifest, parts, redacted?} as `checkpoints.document` answers it.
std::string encode_checkpoint(Json const& document);

// Errors: checkpoint_damaged, with what does not fit. What comes back is whole: see `check_document`.
Result<Json> decode_checkpoint(std::string_view file);

// Holds the manifest to the checkpoint's digest, and the parts to the manifest's. A part that was erased on
// purpose may be missing. Errors: checkpoint_damaged.
Result<void> check_document(Json const& document);

// What the checkpoint remembers, by section, for when the database is away. The document is whole. Errors:
// schema_newer (a format that this program does not know).
Result<Json> sections_of(Json const& document);

}  // namespace fleet::cli

//! What fuzzers call.

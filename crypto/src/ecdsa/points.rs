//! The compressed keys of Neo accounts that were decoded lately.

extern crate std;

use std::sync::LazyLock;

use quick_cache::sync::Cache;

use super::{CAPACITY, Curve, decode};
use crate::CryptoError;

/// Keys of secp256r1, and what they are uncompressed. A key has only one point, so no entry can be wrong.
static POINTS: LazyLock<Cache<[u8; 33], [u8; 65]>> = LazyLock::new(|| Cache::new(CAPACITY));

/// Returns the uncompressed form of a key that `check_key` has accepted.
pub(super) fn uncompress(key: &[u8; 33]) -> Result<[u8; 65], CryptoError> {
    POINTS.get_or_insert_with(key, || decode(key, Curve::Secp256r1))
}

//! Base64, and a stand-in for SHA-256 that only has to look right and differ where it should.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rand::Rng;

use super::streams::{name_hash, stream};

/// Standard Base64 with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// 32 bytes that depend on the text alone, in Base64, where AWS has the SHA-256 of the archive.
pub(super) fn digest(text: &str) -> String {
    let mut bytes = [0_u8; 32];
    stream(name_hash(text), "digest").fill_bytes(&mut bytes);
    base64(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_code_has_a_different_digest() {
        assert_eq!(digest("one"), digest("one"));
        assert_ne!(digest("one"), digest("two"));
        assert_eq!(digest("one").len(), 44);
    }
}

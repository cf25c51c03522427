//! Random streams, each seeded by the world's seed and a stable name, so that one more series,
//! alarm or alias does not change what the others draw.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of random numbers.
pub(super) type Stream = ChaCha8Rng;

/// The stream of that name.
pub(super) fn stream(seed: u64, name: &str) -> Stream {
    ChaCha8Rng::seed_from_u64(seed ^ name_hash(name))
}

/// A random UUID (version 4) as AWS prints revision ids.
pub(super) fn uuid(stream: &mut Stream) -> String {
    let mut bytes = [0_u8; 16];
    stream.fill_bytes(&mut bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// FNV-1a: written out here because the standard library's hash may change between versions,
/// and with it every recorded trace.
pub(super) fn name_hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_name_and_repeat_by_seed() {
        let draw = |seed, name| stream(seed, name).next_u64();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
    }

    #[test]
    fn a_uuid_has_the_version_and_variant_of_a_random_one() {
        let id = uuid(&mut stream(7, "revision"));
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]));
    }
}

//! stub
use crate::sim::World;
use jiff::Timestamp;
/// stub
pub fn sample_world(seed: u64, now: Timestamp) -> World {
    World::new(seed, now)
}

//! Scripts with a few bytes changed.

use crate::random::Random;

/// Changes or removes some bytes of a script, or inserts bytes of another script.
pub fn mutated(script: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = script.to_vec();
    for _ in 0..1 + random.below(4) {
        let index = random.below(bytes.len() + 1);
        match random.below(5) {
            0 => bytes.insert(index, random.next() as u8),
            1 if index < bytes.len() => drop(bytes.remove(index)),
            2 if !other.is_empty() => {
                let start = random.below(other.len());
                let end = (start + random.below(24)).min(other.len());
                bytes.splice(index..index, other[start..end].iter().copied());
            }
            3 if index < bytes.len() => bytes[index] ^= 1 << random.below(8),
            _ if index < bytes.len() => bytes[index] = random.next() as u8,
            _ => {}
        }
    }
    bytes
}

//! Public keys: their order and their forms.

use neovm_types::PublicKey;

/// The generator of secp256r1: its coordinates.
const X: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
const Y: &str = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

fn key(text: &str) -> PublicKey {
    text.parse().unwrap()
}

#[test]
fn keys_are_ordered_by_their_coordinates() {
    // The y coordinate of the generator is odd, that of its negative even and greater.
    let (generator, negative) = (key(&format!("03{X}")), key(&format!("02{X}")));
    assert!(generator < negative);
    let small = key("033250342ca37b24673abdf0f3966ea0716fc3edd8a1c2107ccc45db6eff290454");
    let great = key("02df74f6891759c078be479353216804e460b06e4be5986b0a38a4535acfa4f120");
    let mut keys = [great, negative, small, generator];
    keys.sort();
    assert_eq!(keys, [small, generator, negative, great]);
    assert!(generator.cmp(&generator).is_eq());
}

#[test]
fn uncompressed_keys_are_compressed() {
    assert_eq!(key(&format!("04{X}{Y}")), key(&format!("03{X}")));
    let bytes = hex::decode(format!("04{X}{Y}")).unwrap();
    assert_eq!(PublicKey::from_bytes(&bytes), Ok(key(&format!("03{X}"))));
    // As in the reference only whether y is odd counts, which need not belong to x.
    assert_eq!(key(&format!("04{X}{X}")), key(&format!("02{X}")));
    // The point of no x, and of no length.
    assert!(format!("04{}{Y}", "00".repeat(31) + "01").parse::<PublicKey>().is_err());
    assert!(PublicKey::from_bytes(&bytes[..64]).is_err());
    assert!(PublicKey::from_bytes(&[]).is_err());
}

//! Reading and writing binary formats.

use neovm_types::{
    Hash160, Hash256,
    io::{ReadError, ReadProblem, Reader, length_size, write_bytes, write_length, write_list},
};
use proptest::prelude::*;

fn truncated(offset: usize, wanted: u64, left: usize) -> ReadError {
    ReadError { offset, problem: ReadProblem::Truncated { field: "x", wanted, left } }
}

#[test]
fn numbers_are_little_endian() {
    let bytes: Vec<u8> = (1..=24).collect();
    let mut reader = Reader::new(&bytes);
    assert_eq!(reader.u8("x"), Ok(1));
    assert_eq!(reader.u16("x"), Ok(0x0302));
    assert_eq!(reader.u32("x"), Ok(0x0706_0504));
    assert_eq!(reader.u64("x"), Ok(0x0f0e_0d0c_0b0a_0908));
    assert_eq!(reader.left(), &bytes[15..]);
    assert_eq!(reader.i64("x"), Ok(0x1716_1514_1312_1110));
    assert_eq!(reader.u16("x"), Err(truncated(23, 2, 1)));
    assert_eq!((reader.offset(), reader.u8("x")), (23, Ok(24)), "what cannot be read is not taken");
    assert_eq!(reader.u8("x"), Err(truncated(24, 1, 0)));
    assert_eq!(Reader::new(&[0xff; 8]).i64("x"), Ok(-1));
}

#[test]
fn hashes_keep_their_order() {
    let bytes = [7; 52];
    let mut reader = Reader::new(&bytes);
    assert_eq!(reader.hash160("x"), Ok(Hash160([7; 20])));
    assert_eq!(reader.hash256("x"), Ok(Hash256([7; 32])));
    assert_eq!(reader.hash160("x"), Err(truncated(52, 20, 0)));
}

#[test]
fn booleans_are_0_or_1() {
    let mut reader = Reader::new(&[0, 1, 2]);
    assert_eq!((reader.boolean("x"), reader.boolean("x")), (Ok(false), Ok(true)));
    assert_eq!(reader.boolean("x").unwrap_err().to_string(), "byte 2: the x is 2, neither 0 nor 1");
}

#[test]
fn lengths_may_take_more_bytes_than_they_need() {
    for digits in ["07", "fd0700", "fe07000000", "ff0700000000000000"] {
        let bytes = hex::decode(digits).unwrap();
        assert_eq!(Reader::new(&bytes).length("x", 7), Ok(7), "{digits}");
        let problem = ReadProblem::TooLarge { field: "x", size: 7, limit: 6 };
        assert_eq!(Reader::new(&bytes).length("x", 6), Err(ReadError { offset: 0, problem }), "{digits}");
        assert!(matches!(Reader::new(&bytes[..bytes.len() - 1]).length("x", 7), Err(ReadError { offset: 0 | 1, .. })));
    }
}

#[test]
fn texts_are_utf8() {
    assert_eq!(Reader::new(b"\x03abc").text("x", 3), Ok("abc"));
    let error = Reader::new(b"\x03a\xffb").text("x", 3).unwrap_err();
    assert_eq!(error, ReadError { offset: 2, problem: ReadProblem::NotUtf8("x") });
}

#[test]
fn counts_that_lie_allocate_nothing() {
    let bytes = hex::decode("feffffff7f 0102".replace(' ', "")).unwrap();
    let mut count = 0;
    let list = Reader::new(&bytes).list("x", usize::MAX, |reader| {
        count += 1;
        reader.array::<1>("x").map(|byte| [u64::from(byte[0]); 1000])
    });
    assert_eq!((list.unwrap_err(), count), (truncated(7, 1, 0), 3));
    // Elements of no bytes are limited by the count alone.
    assert_eq!(Reader::new(&[3]).list("x", 3, |_| Ok(())), Ok(vec![(); 3]));
}

#[test]
fn public_keys_are_on_the_curve() {
    let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    let y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    let read = |text: String| {
        let bytes = hex::decode(text).unwrap();
        Reader::new(&bytes).public_key("x").map(|key| key.to_string()).map_err(|error| error.to_string())
    };
    assert_eq!(read(format!("03{x}")), Ok(format!("03{x}")));
    assert_eq!(read(format!("04{x}{y}ff")), Ok(format!("03{x}")));
    assert_eq!(read(format!("00{x}")), Err("byte 0: the x starts with 0x00, not with 2, 3 or 4".into()));
    assert_eq!(read(format!("04{x}")), Err("byte 0: the x needs 65 bytes, 33 are left".into()));
    // Of an uncompressed one y counts as odd or even, whether it belongs to x or not.
    assert_eq!(read(format!("04{x}{x}")), Ok(format!("02{x}")));
    let prime = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
    for refused in [format!("04{x}{prime}"), format!("04{prime}{y}"), format!("04{}{y}", "00".repeat(31) + "01")] {
        assert!(read(refused.clone()).unwrap_err().starts_with("byte 0: the x is refused: "), "{refused}");
    }
    assert!(read(String::new()).is_err());
}

proptest! {
    #[test]
    fn what_is_written_reads_back(length: u32, shift in 0u32..32, list in prop::collection::vec(any::<Vec<u8>>(), 0..20)) {
        let length = (length >> shift) as usize;
        let mut bytes = Vec::new();
        write_length(&mut bytes, length);
        prop_assert_eq!(bytes.len(), length_size(length));
        write_list(&mut bytes, &list, |item, bytes| write_bytes(bytes, item));
        let mut reader = Reader::new(&bytes);
        prop_assert_eq!(reader.length("x", usize::MAX), Ok(length));
        let read = reader.list("x", 20, |reader| reader.bytes("x", usize::MAX).map(<[u8]>::to_vec));
        prop_assert_eq!(read, Ok(list));
        prop_assert!(reader.left().is_empty());
    }
}

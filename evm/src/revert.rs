//! The reasons of reverts.

use revm::primitives::{U256, hex};

/// `Error(string)`
const ERROR: [u8; 4] = [0x08, 0xc3, 0x79, 0xa0];
/// `Panic(uint256)`
const PANIC: [u8; 4] = [0x4e, 0x48, 0x7b, 0x71];

/// Says in words what the output of a revert means: the text of `Error(string)`, a code of `Panic(uint256)`, or which
/// error of the contract's own it is. None if there is no output.
///
/// Source: the documentation of Solidity, "Panic via assert and Error via require".
pub fn revert_reason(output: &[u8]) -> Option<String> {
    if output.is_empty() {
        return None;
    }
    let Some((selector, data)) = output.split_first_chunk::<4>() else {
        return Some(format!("0x{}", hex::encode(output)));
    };
    Some(match *selector {
        ERROR if let Some(text) = string(data) => text,
        PANIC if let Some(code) = data.first_chunk::<32>() => panic_text(U256::from_be_bytes(*code)),
        _ => format!("error 0x{} with 0x{}", hex::encode(selector), hex::encode(data)),
    })
}

/// A string as the one argument: where it begins, its length, its bytes.
fn string(data: &[u8]) -> Option<String> {
    let number = |at: usize| -> Option<usize> {
        let bytes = data.get(at..at.checked_add(32)?)?;
        U256::try_from_be_slice(bytes)?.try_into().ok()
    };
    let begin = number(0)?;
    let length = number(begin)?;
    let begin = begin.checked_add(32)?;
    let bytes = data.get(begin..begin.checked_add(length)?)?;
    Some(String::from_utf8_lossy(bytes).escape_debug().to_string())
}

fn panic_text(code: U256) -> String {
    let text = match u64::try_from(code).unwrap_or(u64::MAX) {
        0x00 => "the compiler's own",
        0x01 => "an assertion failed",
        0x11 => "arithmetic overflow or underflow",
        0x12 => "division or modulo by zero",
        0x21 => "not a value of the enumeration",
        0x22 => "storage bytes are encoded wrongly",
        0x31 => "pop from an empty array",
        0x32 => "index out of bounds",
        0x41 => "too much memory",
        0x51 => "a function that is not set was called",
        _ => "unknown",
    };
    format!("panic {code:#04x}: {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_read() {
        assert_eq!(revert_reason(&[]), None);
        let word = |number: u8| [&[0; 31][..], &[number]].concat();
        let error = [&ERROR[..], &word(32), &word(3), b"no!", &[0; 29]].concat();
        assert_eq!(revert_reason(&error).as_deref(), Some("no!"));
        let panic = [&PANIC[..], &word(0x11)].concat();
        assert_eq!(revert_reason(&panic).as_deref(), Some("panic 0x11: arithmetic overflow or underflow"));
        assert_eq!(revert_reason(&[1, 2, 3, 4, 5]).as_deref(), Some("error 0x01020304 with 0x05"));
        assert_eq!(revert_reason(&[1, 2]).as_deref(), Some("0x0102"));
    }

    #[test]
    fn lengths_that_lie_are_no_text() {
        let huge = [&ERROR[..], &[0xff; 64]].concat();
        assert!(revert_reason(&huge).is_some_and(|text| text.starts_with("error 0x08c379a0")));
        let behind_the_end = [&ERROR[..], &[0; 31], &[32], &[0; 31], &[9], b"short"].concat();
        assert!(revert_reason(&behind_the_end).is_some_and(|text| text.starts_with("error 0x08c379a0")));
    }
}

//! What only some hardforks do, beyond the recorded outcomes.

use neovm::{FaultKind, Hardfork, NoHost, Outcome, VmConfig};

use crate::{code, loaded};

/// The fault of a script before Echidna.
fn fault(source: &str) -> FaultKind {
    let mut vm = loaded(&code(source), VmConfig::default().with_hardfork(Hardfork::Domovoi));
    match vm.run(&mut NoHost) {
        Outcome::Fault(fault) => fault.kind,
        other => panic!("{other:?}"),
    }
}

/// The sum of index and count wraps below zero and passes the check; what comes
/// next fails by the count.
#[test]
fn a_range_that_wraps_fails_in_the_buffer_or_in_the_slice() {
    let range =
        |index: i32, count: i32| fault(&format!("PUSHDATA1 \"\"\nPUSHINT32 {index}\nPUSHINT32 {count}\nSUBSTR"));
    let slice = range(i32::MAX, 1);
    assert_eq!(slice.to_string(), "Specified argument was out of the range of valid values.");
    assert_eq!(range(0x39, 0x7fff_ffc7), slice);
    let buffer = range(0x38, 0x7fff_ffc8);
    assert_eq!(buffer.to_string(), "Array dimensions exceeded supported range.");
}

//! Which fault is told where there could be several: the first in the order in which the reference
//! pops and looks.

use neovm::{FaultKind, NoHost, Outcome, VmConfig};

use crate::{code, loaded};

/// Runs a script to the fault that it ends with.
fn fault(text: &str) -> FaultKind {
    match loaded(&code(text), VmConfig::default()).run(&mut NoHost) {
        Outcome::Fault(fault) => fault.kind,
        other => panic!("{text}: {other:?} is no fault"),
    }
}

#[test]
fn cat_looks_at_an_item_before_it_pops_the_other() {
    let missing = || FaultKind::StackIndex { index: 0, count: 0 };
    for (text, expected) in [
        ("NEWMAP\nCAT", FaultKind::InvalidCast),
        ("PUSH1\nNEWMAP\nCAT", FaultKind::InvalidCast),
        ("NEWMAP\nPUSH1\nCAT", FaultKind::InvalidCast),
        ("PUSH1\nCAT", missing()),
        ("CAT", missing()),
    ] {
        assert_eq!(fault(text), expected, "{text}");
    }
}

#[test]
fn packmap_doubles_in_32_bits() {
    let missing = || FaultKind::StackIndex { index: 0, count: 0 };
    let refused = |size| FaultKind::MapSize { size, limit: 2 };
    for (size, expected) in [
        (1 << 30, missing()),
        (i32::MAX, missing()),
        ((1 << 30) - 1, refused((1 << 30) - 1)),
        (2, refused(2)),
        (-1, refused(-1)),
    ] {
        assert_eq!(fault(&format!("PUSH5\nPUSH7\nPUSHINT32 {size}\nPACKMAP")), expected, "{size}");
    }
}

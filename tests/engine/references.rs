//! The count of items where compounds are taken apart that somebody else holds too.

use neovm::{NoHost, Outcome, VmConfig};

use crate::{code, loaded};

/// An array that holds an array of three items, and what becomes of it; how many items are counted then.
const UNPACKED: [(&str, i64); 5] = [
    ("UNPACK\nDROP", 4),
    ("DUP\nUNPACK\nDROP", 6),
    ("DUP\nUNPACK\nDROP\nDROP", 5),
    ("DUP\nUNPACK\nDROP\nPUSH1\nAPPEND", 6),
    ("DUP\nUNPACK\nDROP\nCLEARITEMS", 2),
];

#[test]
fn items_of_an_array_that_others_hold_are_counted_twice() {
    for (text, count) in UNPACKED {
        let code = code(&format!("PUSH3\nNEWARRAY\nPUSH1\nPACK\n{text}"));
        let mut vm = loaded(&code, VmConfig::default());
        assert_eq!((vm.run(&mut NoHost), vm.reference_count()), (Outcome::Halt, count), "{text}");
        let mut vm = loaded(&code, VmConfig::default());
        while vm.step(&mut NoHost).is_none() {}
        assert_eq!(vm.reference_count(), count, "{text}, step by step");
    }
}

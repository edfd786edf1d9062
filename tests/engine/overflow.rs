//! Results that 64 bits do not hold, of instructions that run together.

use neovm::{NoHost, Outcome, VmConfig};

use crate::{code, json, loaded};

/// A slot's integer, what is done with it, and the integer on top then.
const RESULTS: [(i64, &str, i128); 8] = [
    (i64::MIN, "LDLOC0\nDEC\nDUP\nJMPIF e\ne: RET", i64::MIN as i128 - 1),
    (i64::MIN, "LDLOC0\nNOP\nDEC\nDUP\nJMPIF e\ne: RET", i64::MIN as i128 - 1),
    (i64::MIN, "LDLOC0\nDEC\nDUP\nSTLOC0\nRET", i64::MIN as i128 - 1),
    (i64::MIN, "LDLOC0\nDEC\nSTLOC0\nLDLOC0\nRET", i64::MIN as i128 - 1),
    (i64::MAX, "LDLOC0\nINC\nSTLOC0\nLDLOC0\nRET", i64::MAX as i128 + 1),
    (i64::MAX, "LDLOC0\nLDLOC0\nADD\nSTLOC0\nLDLOC0\nRET", 2 * i64::MAX as i128),
    (i64::MAX, "LDLOC0\nPUSHM1\nSUB\nSTLOC0\nLDLOC0\nRET", i64::MAX as i128 + 1),
    (i64::MAX, "LDLOC0\nLDLOC0\nMUL\nSTLOC0\nLDLOC0\nRET", i64::MAX as i128 * i64::MAX as i128),
];

#[test]
fn fused_instructions_go_beyond_64_bits() {
    for (value, text, expected) in RESULTS {
        let mut vm = loaded(&code(&format!("INITSLOT 1, 0\nPUSHINT64 {value}\nSTLOC0\n{text}")), VmConfig::default());
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt, "{text}");
        assert_eq!(json(vm.results()), format!(r#"[{{"type":"Integer","value":"{expected}"}}]"#), "{text}");
    }
}

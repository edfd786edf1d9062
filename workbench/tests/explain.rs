//! Scripts in words.

use neovm::{
    OpCode, Script,
    chain::contract::{multisig_script, signature_script},
    types::{CallFlags, ScriptBuilder, assemble, manifest::PublicKey},
};
use neovm_workbench::Explanation;

fn key() -> PublicKey {
    "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296".parse().expect("the generator")
}

#[test]
fn a_transfer_is_told_with_its_arguments() {
    let gas = "0xd2a4cff31913016155e38e474a2c06d08be276cf".parse().expect("a hash");
    let mut script = ScriptBuilder::new();
    script.dynamic_call(
        gas,
        "transfer",
        CallFlags::ALL,
        &[vec![1u8; 20].into(), vec![2u8; 20].into(), 5.into(), neovm::StackItem::Null],
    );
    script.op(OpCode::ASSERT).syscall("System.Runtime.GetTime");
    let text = Explanation::of(&script.build().expect("a script")).to_string();
    let expected = "\
1  calls GasToken.transfer(from = 0x0101010101010101010101010101010101010101, to = \
                    0x0202020202020202020202020202020202020202, amount = 5, data = null)
   fails unless the result of 1 is true
2  does System.Runtime.GetTime()
   leaves the result of 2
";
    assert_eq!(text, expected);
}

/// What `encode` makes of JSON is read back.
#[test]
fn maps_and_buffers_are_arguments() {
    let script = assemble(
        "PUSHDATA1 \"v\"\n PUSHDATA1 \"k\"\n NEWMAP\n PUSH1\n PUSH2\n PACKMAP\n PUSHDATA1 0x01ff\n CONVERT Buffer\n RET",
    );
    let text = Explanation::of(&script.expect("a script")).to_string();
    assert_eq!(text, "   leaves {1: {}, \"k\": \"v\"}\n   leaves Buffer 0x01ff\n");
    let twice = assemble("PUSH1\n PUSH3\n PUSH2\n PUSH3\n PUSH2\n PACKMAP\n RET").expect("a script");
    let text = Explanation::of(&twice).to_string();
    assert_eq!(text, "   goes on at byte 5 with PACKMAP, which is more than a call with fixed arguments\n");
}

#[test]
fn verification_scripts_say_who_must_sign() {
    let text = Explanation::of(&signature_script(&key())).to_string();
    assert_eq!(text, format!("   needs a signature of the key {}\n", key()));
    let text = Explanation::of(&multisig_script(1, &[key()]).expect("a script")).to_string();
    assert_eq!(text, format!("   needs signatures of 1 of 1 key\n     {}\n", key()));
}

#[test]
fn values_that_grow_without_end_are_not_followed() {
    // DUP, PUSH2 and PACK double a list.
    let script = assemble(&format!("NEWARRAY0\n{}RET", "DUP\n PUSH2\n PACK\n".repeat(60))).expect("a script");
    let text = Explanation::of(&script).to_string();
    assert_eq!(text, "   goes on at byte 33 with PACK, which is more than a call with fixed arguments\n");
    let notify = "DUP\n PUSHDATA1 \"e\"\n SYSCALL System.Runtime.Notify\n";
    let list = format!("{}PUSHINT16 1000\n PACK\n", "PUSH1\n".repeat(1000));
    let script = assemble(&format!("{list}{}RET", notify.repeat(10_000))).expect("a script");
    let text = Explanation::of(&script).to_string();
    assert_eq!(text.lines().count(), 66, "65 times 1,002 items, and where it stops");
}

#[test]
fn what_cannot_be_followed_is_named() {
    let script = assemble("PUSH1\n JMPIF L\n L: RET").expect("a script");
    let text = Explanation::of(&script).to_string();
    assert_eq!(text, "   goes on at byte 1 with JMPIF L0003, which is more than a call with fixed arguments\n");
    // Too few items, a list that is too long, bytes that are no instruction.
    for bytes in [&[0x45][..], &[0x01, 0xff, 0x7f, 0xc0], &[0xff], &[0x41, 0x62, 0x7d, 0x5b, 0x52]] {
        let text = Explanation::of(&Script::from(bytes)).to_string();
        assert!(text.contains("   goes on at byte "), "{text}");
    }
}

//! `neovm jit`, and what `neovm run --stats` says of the compiler.
// Code is made for x86-64 alone, and only where the interpreter was optimized.
#![cfg(target_arch = "x86_64")]

mod common;

use common::neovm;

#[test]
fn a_loop_is_shown_with_its_size_and_what_became_of_it() {
    let answer = neovm(&["jit", "arith.nef", "--method", "fib", "1000"]);
    let lines: Vec<&str> = answer.ok().lines().collect();
    let [loops, compiled, entered, "", state, ..] = lines[..] else { panic!("{lines:?}") };
    assert!(loops.starts_with("byte 11: loop of 35 instructions in 4 blocks: "), "{loops}");
    assert!(loops.contains(" bytes in ") && loops.ends_with(" us an instruction"), "{loops}");
    assert!(compiled.starts_with("compiled 1 region (0 recompiled, 0 given up) of 35 instructions in "), "{compiled}");
    assert_eq!(entered, "entered 1, left by edge 1");
    assert_eq!(state, "state         HALT");
    assert!(answer.out.ends_with("stack         1 item\n     0  Integer     517691607\n"), "{}", answer.out);
}

#[test]
fn methods_and_arguments_are_chosen() {
    let answer = neovm(&["jit", "arith.nef", "--method", "fib_rec", "12"]);
    assert!(answer.ok().starts_with("byte 58: method of 166 instructions in 15 blocks: "), "{}", answer.out);
    neovm(&["jit", "arith.nef", "--method", "fob", "1"]).fails(1, &["no method \"fob\"", "fib_rec(n: Integer)"]);
    neovm(&["jit", "arith.nef", "--method", "fib"]).fails(1, &["fib needs 1 argument (n: Integer), got 0"]);
}

#[test]
fn the_threshold_tells_what_is_hot() {
    // PUSH2 PUSH3 MUL: hot where the script begins, or not at all.
    let none = "compiled 0 regions (0 recompiled, 0 given up) of 0 instructions in 0.0 ms: 0 bytes\nentered 0\n\nstate         HALT\n";
    assert!(neovm(&["jit", "0x1213a0"]).ok().starts_with(none));
    let first = neovm(&["jit", "0x1213a0", "--threshold", "1"]);
    assert!(first.ok().starts_with("byte 0: method of 3 instructions in 1 block: "), "{}", first.out);
    assert!(neovm(&["jit", "arith.nef", "--threshold", "1000000", "--method", "fib", "9"]).ok().starts_with(none));
    neovm(&["jit", "0x1213a0", "--threshold", "0"]).fails(2, &["--threshold", "0 is not in 1.."]);
}

#[test]
fn code_is_shown_in_both_languages() {
    let call = ["jit", "arith.nef", "--method", "fib", "100"];
    let with = |option| neovm(&[&call[..], &[option]].concat());
    let (plain, clif, asm) = (neovm(&call), with("--clif"), with("--asm"));
    assert_eq!(plain.ok().lines().count(), 9);
    for word in ["function u0:0(i64, i64", "brif ", "iadd ", "return"] {
        assert!(clif.ok().contains(word) && !asm.out.contains(word), "{word:?}: {}", clif.out);
    }
    for word in ["%rsp", "block0:", "ret"] {
        assert!(asm.ok().contains(word), "{word:?}: {}", asm.out);
    }
    assert!(!clif.out.contains("%rsp"));
    assert!(clif.out.contains("left by edge 1\n\nstate ") && asm.out.contains("left by edge 1\n\nstate "));
}

#[test]
fn what_is_not_compiled_says_why() {
    // INITSLOT 1, 0; PUSHINT8 50; STLOC0; at 6 CLEAR, LDLOC0 DEC DUP STLOC0 JMPIF; RET
    let answer = neovm(&["jit", "0x57010000327049689d4a7024fb40"]);
    let lines: Vec<&str> = answer.ok().lines().collect();
    assert_eq!(lines[0], "byte 6: not compiled: no instruction can be compiled");
    assert_eq!(lines[2], "refused 1: no instruction can be compiled");
    neovm(&["jit", "missing.nef"]).fails(1, &["no such file: missing.nef"]);
    neovm(&["jit"]).fails(2, &["Usage"]);
}

#[test]
fn it_says_how_the_run_ended_and_exits_like_run() {
    // NOP and JMP back, until gas ends.
    let endless = neovm(&["jit", "0x2122ff", "--gas", "1000000"]);
    assert_eq!(endless.code, 3);
    assert!(endless.out.starts_with("byte 0: loop of 2 instructions in 1 block: "), "{}", endless.out);
    let expected = "entered 1, left by gas 1\n\nstate         FAULT\nfault         Insufficient GAS.\n";
    assert!(endless.out.contains(expected), "{}", endless.out);
    // PUSH3; at 1 DEC DUP JMPIF; ABORT
    let aborted = neovm(&["jit", "0x139d4a24fe38"]);
    assert!(aborted.out.starts_with("byte 1: loop of 3 instructions"), "{}", aborted.out);
    assert!(aborted.code == 3 && aborted.out.contains("at            byte 5, ABORT\n"), "{}", aborted.out);
    let stopped = neovm(&["jit", "0x2200", "--max-instructions", "100000"]);
    assert!(stopped.code == 1 && stopped.out.contains("state         BREAK\n"), "{}", stopped.out);
}

#[test]
fn run_tells_what_was_compiled() {
    let call = ["run", "arith.nef", "--method", "fib", "1000", "--stats", "--engine"];
    let with = |engine| neovm(&[&call[..], &[engine]].concat());
    let (auto, jit, interp) = (with("auto"), with("jit"), with("interp"));
    for (name, answer) in [("auto", &auto), ("jit", &jit), ("interp", &interp)] {
        assert_eq!((answer.code, &answer.out), (0, &interp.out), "{name}");
        assert!(
            answer.err.starts_with(&format!("engine {name}; hardfork Gorgon; host chain at height 0\n")),
            "{}",
            answer.err
        );
    }
    // The method of 43 instructions, what the contract does before and after it, and the script
    // that calls the contract.
    assert!(jit.err.contains("compiled 4 regions (0 recompiled, 0 given up) of 57 instructions"), "{}", jit.err);
    assert!(jit.err.ends_with("entered 4, left by opcode 4\n"), "{}", jit.err);
    assert!(auto.err.contains("compiled 0 regions"), "1,000 turns are not hot: {}", auto.err);
    assert!(interp.err.ends_with("not compiled: the interpreter alone\n"), "{}", interp.err);
    // A script: PUSHINT16 1000; at 3 DEC DUP JMPIF.
    let script = neovm(&["run", "0x01e8039d4a24fe", "--stats", "--engine", "jit"]);
    assert!(script.err.contains("compiled 1 region "), "{}", script.err);
}

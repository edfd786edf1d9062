//! Methods that compiled code calls, to the limit of contexts and beyond it, on a small native
//! stack. They fault where the interpreter faults.

use std::{sync::Arc, thread};

use neovm::{Dispatch, FaultKind, JitMode, Limits, VmConfig, types::asm::assemble};

use neovm_testing::{Compiler, Mode, Program, Runner, Snapshot, Start, assert_same, say};

/// The size of the native stack, in bytes.
const STACK: usize = 256 << 10;

/// Calls a method with the number of levels as its argument 0.
fn program(name: &str, arguments: usize, method: &str, levels: i64) -> Program {
    let others = "PUSH1\n".repeat(arguments - 1);
    let text = format!(
        "PUSH0\nPUSH2\nn: {others}PUSHINT32 {levels}\nCALL f\nROT\nADD\nSWAP\nDEC\nDUP\nJMPIF n\nDROP\nRET\nf: {method}"
    );
    Program::new(format!("{name}, {levels} levels"), assemble(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// Methods that call themselves: name, arguments, text. Those with a fault have it at the bottom.
const METHODS: [(&str, usize, &str); 9] = [
    ("a sum", 1, "INITSLOT 0, 1\nLDARG0\nJMPIFNOT e\nLDARG0\nDEC\nCALL f\nINC\nRET\ne: PUSH0\nRET"),
    (
        "a sum with a local variable",
        1,
        "INITSLOT 1, 1\nLDARG0\nJMPIFNOT e\nLDARG0\nDEC\nCALL f\nSTLOC0\nLDLOC0\nINC\nRET\ne: PUSH0\nRET",
    ),
    (
        "two arguments, items below the call",
        2,
        "INITSLOT 1, 2\nLDARG0\nJMPIFNOT e\nPUSH7\nLDARG0\nLDARG1\nLDARG0\nDEC\nCALL f\nADD\nADD\nRET\ne: LDARG1\nRET",
    ),
    (
        "six arguments",
        6,
        "INITSLOT 2, 6\nLDARG0\nJMPIFNOT e\nLDARG5\nLDARG4\nLDARG3\nLDARG2\nLDARG1\nLDARG0\nDEC\nCALL f\nSTLOC1\nLDLOC1\nLDARG5\nADD\nRET\ne: LDARG4\nRET",
    ),
    (
        "two calls, one of them deep",
        1,
        "INITSLOT 0, 1\nLDARG0\nPUSH1\nLE\nJMPIF e\nLDARG0\nDEC\nCALL f\nPUSH1\nCALL f\nADD\nRET\ne: PUSH1\nRET",
    ),
    ("nothing given", 1, "INITSLOT 0, 1\nLDARG0\nJMPIFNOT e\nLDARG0\nDEC\nCALL f\nNEGATE\nABS\nRET\ne: PUSH0\nRET"),
    (
        "a division by zero at the bottom",
        1,
        "INITSLOT 1, 1\nPUSH9\nSTLOC0\nLDARG0\nJMPIFNOT e\nLDARG0\nDEC\nCALL f\nINC\nRET\ne: PUSH1\nLDARG0\nDIV\nRET",
    ),
    (
        "an overflow on the way back",
        1,
        "INITSLOT 0, 1\nLDARG0\nJMPIFNOT e\nLDARG0\nDEC\nCALL f\nPUSH2\nMUL\nRET\ne: PUSH1\nRET",
    ),
    ("a throw at the bottom", 1, "INITSLOT 0, 1\nLDARG0\nJMPIFNOT e\nLDARG0\nDEC\nCALL f\nINC\nRET\ne: LDARG0\nTHROW"),
];

/// The numbers of levels: a few, up to the limit of contexts, and beyond it.
const LEVELS: [i64; 12] = [0, 1, 2, 50, 100, 800, 1020, 1021, 1022, 1023, 1024, 5000];

/// The limits of the networks, and limits with room for the slots of all contexts.
fn limits() -> [Limits; 2] {
    [Limits::DEFAULT, Limits::DEFAULT.with_max_stack_size(1 << 20)]
}

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(STACK).spawn(test).unwrap().join().unwrap();
}

/// Runs a program with limits in all modes that compile. Returns how often compiled code was entered,
/// and the interpreter's snapshot.
fn check(program: &Program, limits: Limits, starts: &[Start]) -> (u64, Snapshot) {
    let config = || VmConfig::default().with_limits(limits);
    let mut plain = Runner::with(program.decode(), config().with_dispatch(Dispatch::Unfused));
    let mut entered = 0;
    for mode in Mode::COMPILED {
        let mut compiler = Compiler::new(mode).expect("a compiler");
        let code = compiler.prepare(program.script.clone()).unwrap();
        let mut runner = Runner::with(Arc::clone(&code), config());
        for start in starts {
            let program = Program { start: *start, ..program.clone() };
            let expected = plain.end(*start);
            for _ in 0..compiler.runs() {
                let end = runner.end(*start);
                assert_same(&program, &mode, &expected, end, &mut runner);
                compiler.wait();
            }
        }
        entered += compiler.entered();
    }
    (entered, plain.end(Start::default()))
}

#[test]
fn recursion_to_the_limit_of_contexts_and_beyond() {
    on_a_small_stack(|| {
        let (mut programs, mut entered, mut too_deep, mut too_many) = (0, 0, 0, 0);
        for (name, arguments, method) in METHODS {
            for levels in LEVELS {
                let program = program(name, arguments, method, levels);
                for limits in limits() {
                    let (entries, end) = check(&program, limits, &[Start::default()]);
                    entered += entries;
                    programs += 1;
                    match end.fault.map(|fault| fault.kind) {
                        Some(FaultKind::MaxInvocationStackSize { count: 1024 }) => too_deep += 1,
                        Some(FaultKind::MaxStackSize { .. }) => too_many += 1,
                        _ => {}
                    }
                }
            }
        }
        say(&format!(
            "recursion: {programs} programs, {too_deep} too deep, {too_many} with too many items, {entered} entries"
        ));
        assert!(too_deep > 0 && too_many > 0 && entered > 3 * programs);
    });
}

#[test]
fn gas_ends_at_each_depth() {
    on_a_small_stack(|| {
        for (name, arguments, method) in METHODS {
            let program = program(name, arguments, method, 120);
            let gas = Runner::new(program.decode(), Dispatch::Auto).end(Start::default()).gas as i64;
            let starts: Vec<_> = (0..400).map(|part| Start { gas_limit: gas * part / 400, nulls: 0 }).collect();
            let (entered, _) = check(&program, Limits::DEFAULT, &starts);
            assert!(entered > 0, "{name}");
        }
    });
}

#[test]
fn items_end_at_each_depth() {
    on_a_small_stack(|| {
        for (name, arguments, method) in METHODS {
            let program = program(name, arguments, method, 120);
            let starts: Vec<_> = (1..2048).step_by(7).map(|nulls| Start { nulls, ..Start::default() }).collect();
            let (entered, _) = check(&program, Limits::DEFAULT, &starts);
            assert!(entered > 0, "{name}");
        }
    });
}

/// A method with as many slots as possible, which compiled code does not call. In it are a loop and
/// a method that compiled code calls.
#[test]
fn all_slots_in_1024_contexts() {
    on_a_small_stack(|| {
        let arguments = "PUSH3\n".repeat(254);
        for depth in [1023, 1024] {
            let text = format!(
                "INITSSLOT 1\nPUSHINT16 {depth}\nSTSFLD0\nCALL_L deep\nRET
                 deep: {arguments}LDSFLD0\nINITSLOT 255, 255\nLDARG0\nSTLOC 254\nPUSH3\nn: DUP\nCALL_L small\nDROP\nDEC\nDUP\nJMPIF_L n\nDROP
                 LDSFLD0\nDEC\nSTSFLD0\nPUSH0\nLDSFLD0\nJMPIFNOT_L end\nDROP\nCALL_L deep
                 end: LDLOC 254\nADD\nLDARG 254\nADD\nRET
                 small: INITSLOT 1, 1\nLDARG0\nSTLOC0\nLDLOC0\nINC\nRET"
            );
            let program = Program::new(format!("{depth} frames"), assemble(&text).unwrap());
            let [_, many] = limits();
            let (entered, end) = check(&program, many, &[Start::default()]);
            assert!(entered > 1000, "{entered}");
            // The small method is one more.
            let too_deep =
                matches!(end.fault, Some(fault) if matches!(fault.kind, FaultKind::MaxInvocationStackSize { .. }));
            assert!(too_deep, "{depth}");
        }
    });
}

#[test]
fn compiled_code_is_entered_again_and_again_on_a_small_stack() {
    on_a_small_stack(|| {
        // Each turn leaves compiled code, out of a method that it called, since the method is too long to be inlined.
        let text = format!(
            "PUSHINT32 300000\nn: DUP\nCALL f\nDROP\nDEC\nDUP\nJMPIF n\nRET
             f: INITSLOT 0, 1\nLDARG0\nPUSH3\nMOD\nJMPIF e\nPUSHT\nJMP g\ne: PUSH1\ng: INC\n{}RET",
            "NOP\n".repeat(60)
        );
        let program = Program::new("leaves", assemble(&text).unwrap());
        let expected = Runner::new(program.decode(), Dispatch::Auto).end(Start::default());
        let mut compiler = Compiler::new(JitMode::Eager).expect("a compiler");
        let mut runner = Runner::new(compiler.prepare(program.script.clone()).unwrap(), Dispatch::Auto);
        let end = runner.end(Start::default());
        assert_same(&program, &"compiled", &expected, end, &mut runner);
        assert!(compiler.entered() > 1000, "{}", compiler.entered());
    });
}

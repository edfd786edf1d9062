//! Code that is not compiled: refusals are counted and not asked for again, and the queue is bounded.

use std::sync::Arc;

use neovm::{
    Code, Engine, EngineConfig, JitMode, LoadOptions, NoHost, OpCode, Outcome, RunOptions, VmConfig,
    jit::{Refusal, Stats, Why},
    types::{Integer, PriceTable, asm::assemble},
};
use neovm_testing::say;

/// The most requests that wait for the compiler.
const MAX_QUEUE: u64 = 64;

fn engine(jit: JitMode) -> Engine {
    Engine::new(EngineConfig::default().with_jit(jit))
}

fn lazy(background: bool) -> Engine {
    engine(JitMode::Lazy { threshold: 2, background })
}

fn stats(engine: &Engine) -> Stats {
    engine.jit().expect("a compiler").stats()
}

fn run(engine: &Engine, code: &Arc<Code>) {
    let mut vm = engine.vm(RunOptions::default());
    vm.load(Arc::clone(code), LoadOptions::default()).unwrap();
    let outcome = vm.run(&mut NoHost);
    assert_eq!(outcome, Outcome::Halt);
}

/// Runs a script many times. Returns the statistics after the first and after the last run.
fn run_often(text: &str) -> [Stats; 2] {
    let engine = lazy(false);
    let code = engine.prepare(&assemble(text).unwrap()).unwrap();
    run(&engine, &code);
    let first = stats(&engine);
    (0..100).for_each(|_| run(&engine, &code));
    [first, stats(&engine)]
}

#[test]
fn what_is_refused_is_counted_once() {
    // A loop that begins with what only the interpreter runs.
    let nothing = "INITSLOT 1, 0\nPUSHINT8 50\nSTLOC0\nn: CLEAR\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nRET".to_owned();
    // A block that is higher or lower by where control comes from.
    let heights = "PUSHINT8 50\nn: DUP\nPUSH2\nMOD\nJMPIF o\nPUSH7\nSWAP\no: DEC\nDUP\nJMPIF n\nRET".to_owned();
    let long = format!("PUSHINT8 50\nn: {}DEC\nDUP\nJMPIF_L n\nRET", "INC\nDEC\n".repeat(2_500));
    // Many exits, each of which writes many slots.
    let all = |body: fn(usize) -> String| (0..250).map(body).collect::<String>();
    let set = all(|i| format!("PUSH0\nSTLOC {i}\n"));
    let change = all(|i| format!("LDLOC {i}\nINC\nSTLOC {i}\n"));
    let effects = "PUSH1\nSTSFLD0\n".repeat(1_600);
    let wide = format!("INITSSLOT 1\nINITSLOT 250, 0\n{set}PUSHINT8 50\nn: {change}{effects}DEC\nDUP\nJMPIF_L n\nRET");
    for (text, refusal) in
        [(nothing, Refusal::Nothing), (heights, Refusal::Heights), (long, Refusal::TooLong), (wide, Refusal::TooLong)]
    {
        let [first, last] = run_often(&text);
        assert_eq!(first.refused.get(&refusal), Some(&1), "{first}");
        assert_eq!(first.refused, last.refused, "{last}");
        assert_eq!(first.compiled, last.compiled, "{last}");
    }
}

#[test]
fn what_was_known_of_refused_regions_is_forgotten() {
    let turn = |i| format!("PUSH3\nSTLOC0\nl{i}: CLEAR\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF l{i}\n");
    let loops = 1_000;
    let text: String = (0..loops).map(turn).collect();
    let engine = lazy(false);
    let code = engine.prepare(&assemble(&format!("INITSLOT 1, 0\n{text}RET")).unwrap()).unwrap();
    let before = code.memory();
    run(&engine, &code);
    let refused = stats(&engine).refused;
    assert_eq!(refused.values().sum::<u64>(), loops, "{refused:?}");
    assert!(refused.contains_key(&Refusal::Nothing) && refused.contains_key(&Refusal::BudgetExhausted), "{refused:?}");
    let grown = code.memory() - before;
    assert!(grown < 1_000 * loops as usize, "{grown} bytes");
}

/// By prices like these the cost of a turn is more than 64 bits hold.
#[test]
fn what_is_too_dear_is_interpreted() {
    let prices = PriceTable::default().with_price(OpCode::NOP, PriceTable::MAX).unwrap();
    for nops in [100, 200, 256, 300] {
        let script = assemble(&format!("PUSHINT8 20\nn: {}DEC\nDUP\nJMPIF_L n\nRET", "NOP\n".repeat(nops))).unwrap();
        let gas = |jit: JitMode| {
            let engine = Engine::new(EngineConfig::default().with_jit(jit).with_prices(Arc::new(prices.clone())));
            let mut vm = engine.vm(RunOptions::default());
            vm.load(engine.prepare(&script).unwrap(), LoadOptions::default()).unwrap();
            assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
            vm.gas_consumed()
        };
        assert_eq!(gas(JitMode::Eager), gas(JitMode::Off), "{nops}");
    }
}

/// A long method may follow a short loop.
#[test]
fn a_loop_is_compiled_whatever_follows() {
    let instructions = "NOP\n".repeat(5_000);
    let blocks: String = (0..600).map(|i| format!("DUP\nJMPIF_L l{i}\nl{i}: ")).collect();
    for behind in [instructions, blocks] {
        let [first, last] = run_often(&format!("PUSHINT8 50\nn: DEC\nDUP\nJMPIF n\n{behind}RET"));
        assert_eq!(first.compiled, 1, "{first}");
        assert_eq!((last.compiled, last.refused.len()), (1, 0), "{last}");
    }
}

#[test]
fn the_queue_is_bounded_and_what_it_refused_is_asked_for_again() {
    // Loops and methods that are hot at once: the interpreter is through long before
    // the compiler.
    let loops: u64 = 250;
    let turn = |i| match i % 2 {
        0 => format!("PUSH5\nl{i}: DEC\nDUP\nJMPIF l{i}\nDROP\n"),
        _ => format!("PUSH5\n{}DROP\n", format!("CALL l{i}\n").repeat(3)),
    };
    let method = |i| format!("l{i}: INITSLOT 1, 1\nLDARG0\n{}RET\n", "INC\nDEC\n".repeat(10));
    let turns: String = (0..loops).map(turn).collect();
    let methods: String = (0..loops).filter(|i| i % 2 == 1).map(method).collect();
    let text = format!("{turns}RET\n{methods}").replace("CALL", "CALL_L");
    let engine = lazy(true);
    let code = engine.prepare(&assemble(&text).unwrap()).unwrap();
    run(&engine, &code);
    let busy = stats(&engine).refused.get(&Refusal::Busy).copied().unwrap_or_default();
    // Those that wait, the one that is compiled, and those that were.
    assert!(busy + MAX_QUEUE + 1 + stats(&engine).compiled >= loops, "{busy} of {loops} were refused");
    let mut runs = 1;
    while stats(&engine).compiled < loops {
        engine.jit().expect("a compiler").wait();
        run(&engine, &code);
        runs += 1;
        assert!(runs < 3_000, "{}", stats(&engine));
    }
    say(&format!("the queue: {busy} times full in the first run of {loops} loops, all compiled after {runs} runs"));
}

/// A loop of a number of turns, made distinct by another number.
fn loop_of(turns: u32, number: u32) -> Arc<neovm::Script> {
    Arc::new(assemble(&format!("PUSHINT32 {number}\nPUSHINT32 {turns}\nn: DEC\nDUP\nJMPIF n\nRET")).unwrap())
}

#[test]
fn machine_code_is_bounded_and_what_found_no_room_is_asked_for_again() {
    let capacity = 64 << 10;
    let engine = Engine::new(lazy(false).config().clone().with_machine_code_bytes(capacity));
    let jit = engine.jit().expect("a compiler");
    let run_new = |number| {
        let code = engine.prepare(&loop_of(10, number)).unwrap();
        run(&engine, &code);
        code
    };
    let mut kept: Vec<_> = (0..100).map(run_new).collect();
    let full = stats(&engine);
    let refused = full.refused.get(&Refusal::Full).copied().unwrap_or_default();
    assert!(full.compiled > 4 && refused > 50 && full.compiled + refused == 100, "{full}");
    // The last one may go beyond by its own size, which is some pages.
    assert!((capacity..capacity + (16 << 10)).contains(&jit.bytes()), "{full}");
    // Those that are in use stay; room comes with those that are not.
    let waiting = kept.pop().unwrap();
    drop(kept);
    run_new(100);
    assert!(jit.bytes() < capacity, "{}", stats(&engine));
    let compiled = stats(&engine).compiled;
    (0..100).for_each(|_| run(&engine, &waiting));
    assert!(stats(&engine).compiled > compiled, "{}", stats(&engine));
}

#[test]
fn a_script_gets_its_share_of_compiling_and_no_more() {
    let turn = |i| format!("PUSH3\nl{i}: {}DEC\nDUP\nJMPIF_L l{i}\nDROP\n", "PUSH1\nDROP\n".repeat(1_000));
    let text: String = (0..40).map(turn).collect();
    let engine = lazy(false);
    let code = engine.prepare(&assemble(&text).unwrap()).unwrap();
    run(&engine, &code);
    let first = stats(&engine);
    assert_eq!(first.compiled + first.refused[&Refusal::BudgetExhausted], 40, "{first}");
    assert!((1 << 16..(1 << 16) + 4096).contains(&first.instructions), "{first}");
    (0..10).for_each(|_| run(&engine, &code));
    let last = stats(&engine);
    assert_eq!((first.compiled, first.refused), (last.compiled, last.refused), "each was asked for once");
    // Another script is not punished.
    run(&engine, &engine.prepare(&loop_of(10, 0)).unwrap());
    assert_eq!(stats(&engine).compiled, last.compiled + 1);
}

#[test]
fn a_region_in_which_nothing_holds_is_given_up() {
    // A byte string in each segment in turn: what is learnt of one says nothing of the next.
    let segments = 20;
    let turn = |i: usize| format!("LDSFLD1\nLDARG0\nPUSHINT8 {i}\nNUMEQUAL\nPICKITEM\nINC\nSTSFLD0\n");
    let turns: String = (0..segments).map(turn).collect();
    let text = format!(
        "INITSSLOT 2\nPUSHDATA1 0x01\nPUSH1\nPUSH2\nPACK\nSTSFLD1\nINITSLOT 1, 1\nPUSHINT8 100\nSTLOC0\nn: {turns}LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF_L n\nLDSFLD0\nRET"
    );
    let engine = lazy(false);
    let code = engine.prepare(&assemble(&text).unwrap()).unwrap();
    let run = |which: i64| {
        let mut vm = engine.vm(RunOptions::default());
        vm.load(Arc::clone(&code), LoadOptions::default()).unwrap();
        vm.push(which);
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        assert_eq!(vm.results()[0].to_integer().unwrap(), Integer::Small(2));
    };
    run(-1);
    assert_eq!((stats(&engine).compiled, stats(&engine).given_up), (1, 0));
    (0..segments as i64).for_each(run);
    let given_up = stats(&engine);
    assert_eq!((given_up.given_up, given_up.compiled), (1, 12), "{given_up}");
    // The interpreter alone, from here on.
    (0..segments as i64).for_each(run);
    let after = stats(&engine);
    assert_eq!((after.entered, after.compiled), (given_up.entered, given_up.compiled), "{after}");
}

#[test]
fn a_region_that_does_not_hold_is_compiled_anew() {
    // The kinds of items are others in each run.
    let engine = lazy(false);
    let code = engine.prepare(&assemble("INITSLOT 1, 1\nPUSHINT8 40\nSTLOC0\nn: LDARG0\nSIZE\nDROP\nLDARG0\nDUP\nEQUAL\nDROP\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nRET").unwrap()).unwrap();
    let items = [neovm::StackItem::from(7), true.into(), "text".into(), neovm::StackItem::buffer(b"text")];
    for turn in 0..200 {
        let mut vm = engine.vm(RunOptions::default());
        vm.load(Arc::clone(&code), LoadOptions::default()).unwrap();
        vm.push(items[turn % items.len()].clone());
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    }
    let all = stats(&engine);
    assert!(all.recompiled > 0 && all.recompiled < 12 && all.exits.contains_key(&Why::Entry), "{all}");
}

#[test]
fn the_number_of_items_that_are_unpacked_is_learnt() {
    let turns = |unpacked: &str, behind: &str| {
        format!(
            "INITSLOT 2, 0\n{unpacked}\nSTLOC0\nPUSHINT16 500\nSTLOC1\nn: LDLOC0\nUNPACK\n{behind}\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nRET"
        )
    };
    // It is left some times, and then no more.
    let [first, last] = run_often(&turns("PUSH7\nPUSH8\nPUSH2\nPACK", "PACK\nDROP"));
    assert!(first.compiled == 2 && first.recompiled == 1 && first.exits[&Why::Opcode] < 60, "{first}");
    assert!(last.compiled == 2 && last.exits[&Why::Opcode] - first.exits[&Why::Opcode] == 100, "{last}");
    // What is behind the loop is no part of it, however many items it has.
    let [_, last] = run_often(
        "INITSLOT 1, 0\nPUSH7\nPUSH8\nPUSH2\nPACK\nPUSHINT8 50\nSTLOC0\nn: LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nUNPACK\nRET",
    );
    assert!(last.compiled <= 2 && last.given_up == 0 && last.entered > 90, "{last}");
    // The items of a map are not counted.
    let [first, last] = run_often(&turns("PUSH7\nPUSH8\nPUSH1\nPACKMAP", "DROP\nDROP\nDROP"));
    assert!(first.compiled == 1 && first.entered < 60, "{first}");
    assert_eq!((first.compiled, first.entered), (last.compiled, last.entered), "{last}");
}

#[test]
fn a_length_is_not_that_of_another_run() {
    // The lengths of strings are asked for before the loop, those of arrays in it.
    let engine = lazy(false);
    let text = "INITSLOT 2, 1\nPUSH0\nSTLOC0\nPUSH5\nSTLOC1\nn: LDARG0\nSIZE\nLDLOC0\nADD\nSTLOC0\nLDARG0\nISTYPE Array\nJMPIFNOT o\n
        LDARG0\nPUSH1\nAPPEND\no: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET";
    let code = engine.prepare(&assemble(text).unwrap()).unwrap();
    let run = |item: neovm::StackItem| {
        let mut vm = engine.vm(RunOptions::default());
        vm.load(Arc::clone(&code), LoadOptions::default()).unwrap();
        vm.push(item);
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        vm.results()[0].to_i32().unwrap()
    };
    let array = || neovm::StackItem::array(vec![1.into(), 2.into(), 3.into()]);
    for _ in 0..3 {
        (0..20).for_each(|_| assert_eq!(run("text".into()), 5 * 4));
        (0..200).for_each(|_| assert_eq!(run(array()), 3 + 4 + 5 + 6 + 7));
        assert_eq!(run(neovm::StackItem::buffer(b"seven..")), 5 * 7);
    }
    assert!(stats(&engine).entered > 100, "{}", stats(&engine));
}

#[test]
fn statistics_add_up_and_outlive_the_scripts() {
    let engine = lazy(false);
    let code = engine.prepare(&assemble("PUSHINT8 50\nn: DEC\nDUP\nJMPIF n\nRET").unwrap()).unwrap();
    (0..10).for_each(|_| run(&engine, &code));
    let before = stats(&engine);
    assert_eq!((before.compiled, before.recompiled, before.given_up), (1, 0, 0), "{before}");
    assert_eq!(before.entered, before.exits.values().sum::<u64>(), "each entry ends by an exit");
    // The whole loop in one entry a run, up to the RET behind it.
    assert_eq!(before.exits.get(&Why::Opcode), Some(&10), "{before}");
    assert!(before.bytes > 0 && before.instructions >= 3 && !before.compile_time.is_zero(), "{before}");
    let text = before.to_string();
    assert!(
        text.starts_with("compiled 1 region (0 recompiled, 0 given up)") && text.contains("left by opcode 10"),
        "{text}"
    );
    assert!(code.memory() > before.bytes, "machine code is part of a script's memory");
    drop((code, engine.prepare(&assemble("RET").unwrap())));
    let other = Engine::new(engine.config().clone().with_cache_bytes(0));
    let code = other.prepare(&assemble("PUSHINT8 50\nn: DEC\nDUP\nJMPIF n\nRET").unwrap()).unwrap();
    run(&other, &code);
    let before = stats(&other);
    assert!(before.bytes > 0);
    drop(code);
    assert_eq!(stats(&other), Stats { bytes: 0, ..before });
}

#[test]
fn reports_tell_what_became_of_regions() {
    let engine = lazy(false);
    let jit = engine.jit().expect("a compiler");
    let loops = "PUSHINT8 50\nn: DEC\nDUP\nJMPIF n\nRET";
    run(&engine, &engine.prepare(&assemble(loops).unwrap()).unwrap());
    assert!(jit.reports().is_empty(), "nobody watched");
    jit.watch();
    let loops = "INITSLOT 1, 0\nPUSHINT8 50\nSTLOC0\nn: CLEAR\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nPUSH5\nm: DEC\nDUP\nJMPIF m\nRET";
    run(&engine, &engine.prepare(&assemble(loops).unwrap()).unwrap());
    let reports = jit.reports();
    let [refused, made] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!((refused.position, refused.outcome.as_ref().err()), (6, Some(&Refusal::Nothing)));
    let details = made.outcome.as_ref().unwrap();
    assert!(details.has_loop && details.instructions == 3 && details.size > 0, "{details:?}");
    assert!(details.clif.contains("brif") && !details.assembly.is_empty());
}

#[test]
fn a_guard_that_fails_whatever_is_learned_is_given_up_at_once() {
    use neovm::jit::{Jit, Mode};
    // The first guard of the function is that of its entry: no kinds of items will make it hold.
    let jit = Jit::with_failing_guard(Mode { threshold: 2, background: false }, Some(1)).expect("a compiler");
    let text = "INITSLOT 1, 0\nPUSHINT8 40\nSTLOC0\nn: LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nRET";
    let script = assemble(text).unwrap();
    let code = Arc::new(jit.attach(Code::decode(script, &VmConfig::default().prices).unwrap()));
    for _ in 0..100 {
        let mut vm = neovm::Vm::new(VmConfig::default(), RunOptions::default());
        vm.load(Arc::clone(&code), LoadOptions::default()).unwrap();
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    }
    let stats = jit.stats();
    assert!(stats.exits.contains_key(&Why::Entry), "{stats}");
    assert_eq!((stats.compiled, stats.given_up), (1, 1), "{stats}");
}

#[test]
fn calls_of_the_interpreter_are_shown_by_name() {
    let engine = lazy(false);
    let jit = engine.jit().unwrap();
    jit.watch();
    let text = "PUSHDATA1 \"ab\"\nPUSHINT8 20\nn: OVER\nSIZE\nDROP\nOVER\nPUSH1\nLEFT\nDROP\nDEC\nDUP\nJMPIF n\nRET";
    run(&engine, &engine.prepare(&assemble(text).unwrap()).unwrap());
    let reports = jit.reports();
    let clif = &reports[0].outcome.as_ref().unwrap().clif;
    for name in ["item_size", "LEFT.Left", "leave"] {
        let calls = clif.lines().filter(|line| line.contains("call fn") && line.ends_with(&format!("; {name}")));
        assert_eq!(calls.count(), 1, "{name} in {clif}");
    }
    assert!(!clif.contains("call_indirect"), "{clif}");
}

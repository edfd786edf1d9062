//! All tests of this target once more in each other way to run scripts: in a process of
//! their own, which a variable tells the way.

use std::{
    env,
    process::Command,
    sync::{Arc, OnceLock},
};

use neovm::{Code, Config, Dispatch, Engine, JitMode, Outcome, PriceTable, Script};

use crate::{FAULTS, LOOP, RETURNS, SHORT, loaded, report::say, stub_host};

/// The variable that tells the way.
const VARIABLE: &str = "NEOVM_WAY";

/// The ways: their names, what dispatches, what compiles. The first is that of
/// a process that is told none.
const WAYS: [(&str, Dispatch, JitMode); 5] = [
    ("fused", Dispatch::Auto, JitMode::Off),
    ("unfused", Dispatch::Unfused, JitMode::Off),
    ("eager", Dispatch::Auto, JitMode::Eager),
    ("lazy", Dispatch::Auto, JitMode::Lazy { threshold: 2, background: false }),
    ("background", Dispatch::Auto, JitMode::Lazy { threshold: 2, background: true }),
];

/// The way of this process.
fn way() -> (&'static str, Dispatch, JitMode) {
    let Ok(name) = env::var(VARIABLE) else { return WAYS[0] };
    *WAYS.iter().find(|way| way.0 == name).unwrap_or_else(|| panic!("there is no way {name}"))
}

/// What prepares all scripts of this process. It keeps none, so that tests see them go.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::with_cache_size(Config { jit: way().2, ..Config::default() }, 0))
}

/// A script decoded, to be run in the way of this process.
pub(crate) fn decode(script: impl Into<Script>, prices: &Arc<PriceTable>) -> Arc<Code> {
    engine().prepare_with(&script.into(), prices).unwrap()
}

/// Settings with what dispatches in this process, unless they have another.
pub(crate) fn dispatched(config: Config) -> Config {
    let dispatch = if config.dispatch == Dispatch::Auto { way().1 } else { config.dispatch };
    Config { dispatch, ..config }
}

/// Waits for the compiler's thread, which holds code while it compiles it.
pub(crate) fn settle() {
    #[cfg(feature = "jit")]
    if let Some(jit) = engine().jit() {
        jit.wait();
    }
}

/// How often compiled code was entered; none where nothing is compiled.
fn entered() -> Option<u64> {
    #[cfg(feature = "jit")]
    return engine().jit().map(|jit| jit.stats().entered);
    #[cfg(not(feature = "jit"))]
    return None;
}

/// Runs all other tests in a way.
fn run_in(way: usize) {
    let (name, _, jit) = WAYS[way];
    if env::var_os(VARIABLE).is_some() {
        return;
    }
    let mut child = Command::new(env::current_exe().unwrap());
    let output = child.args(["--skip", "modes::all_tests"]).env(VARIABLE, name).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("test result: ok"), "{name}, {jit:?}: {text}");
    say(&format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()));
}

#[test]
fn all_tests_without_fused_instructions() {
    run_in(1);
}

#[test]
fn all_tests_compiled_before_they_run() {
    run_in(2);
}

#[test]
fn all_tests_compiled_when_hot() {
    run_in(3);
}

#[test]
fn all_tests_compiled_by_another_thread() {
    run_in(4);
}

/// A way in which nothing is compiled would prove nothing.
#[test]
fn compiled_code_is_entered() {
    let Some(before) = entered() else {
        return say(&format!("nothing is compiled in way {}", way().0));
    };
    for text in [LOOP, RETURNS, FAULTS, SHORT] {
        let code = crate::code(text);
        for _ in 0..2 {
            let outcome = loaded(&code, Config::default()).run(&mut stub_host());
            assert_eq!(outcome == Outcome::Halt, text != FAULTS);
            settle();
        }
    }
    let entered = entered().unwrap_or_default() - before;
    assert!(entered > 1, "entered {entered} times");
    say(&format!("{entered} entries of compiled code"));
}

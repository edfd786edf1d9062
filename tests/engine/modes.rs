//! Runs all other tests of this target in further modes, each in a process of its own whose
//! environment names the mode.

use std::{
    env,
    process::Command,
    sync::{Arc, OnceLock},
};

use neovm::{Code, Dispatch, Engine, EngineConfig, Outcome, PriceTable, Script, VmConfig};
use neovm_testing::{Mode, say};

use crate::{FAULTS, LOOP, RETURNS, SHORT, loaded, stub_host};

/// The variable that names the mode.
const VARIABLE: &str = "NEOVM_MODE";

/// Returns the mode of this process.
fn mode() -> Mode {
    let Ok(name) = env::var(VARIABLE) else { return Mode::ALL[0] };
    name.parse().unwrap_or_else(|error| panic!("{VARIABLE}: {error}"))
}

/// The engine that prepares all scripts of this process. It caches none, so that tests see them
/// freed.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(EngineConfig::default().with_jit(mode().jit()).with_cache_bytes(0)))
}

/// Decodes a script to run in the mode of this process.
pub(crate) fn decode(script: impl Into<Script>, prices: &Arc<PriceTable>) -> Arc<Code> {
    engine().prepare_with(&script.into(), prices).unwrap()
}

/// Sets the dispatch of this process, unless the settings have another one than the default.
pub(crate) fn dispatched(config: VmConfig) -> VmConfig {
    let dispatch = if config.dispatch == Dispatch::Auto { mode().dispatch() } else { config.dispatch };
    config.with_dispatch(dispatch)
}

/// Waits for the compiler's thread, which holds code while it compiles it.
pub(crate) fn settle() {
    #[cfg(feature = "jit")]
    if let Some(jit) = engine().jit() {
        jit.wait();
    }
}

/// Returns how often compiled code was entered, or `None` if nothing is compiled.
fn entered() -> Option<u64> {
    #[cfg(feature = "jit")]
    return engine().jit().map(|jit| jit.stats().entered);
    #[cfg(not(feature = "jit"))]
    return None;
}

/// Runs all other tests in a mode.
fn run_in(name: &str) {
    if env::var_os(VARIABLE).is_some() {
        return;
    }
    let mut child = Command::new(env::current_exe().unwrap());
    let output = child.args(["--skip", "modes::all_tests"]).env(VARIABLE, name).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("test result: ok"), "{name}: {text}");
    say(&format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()));
}

#[test]
fn all_tests_by_the_loop() {
    run_in("loop");
}

#[test]
fn all_tests_without_fused_instructions() {
    run_in("unfused");
}

#[test]
fn all_tests_compiled_before_they_run() {
    run_in("eager");
}

#[test]
fn all_tests_compiled_when_hot() {
    run_in("lazy");
}

#[test]
fn all_tests_compiled_by_another_thread() {
    run_in("background");
}

/// A mode in which nothing is compiled would prove nothing.
#[test]
fn compiled_code_is_entered() {
    let Some(before) = entered() else {
        return say(&format!("nothing is compiled in mode {}", mode()));
    };
    for text in [LOOP, RETURNS, FAULTS, SHORT] {
        let code = crate::code(text);
        for _ in 0..2 {
            let outcome = loaded(&code, VmConfig::default()).run(&mut stub_host());
            assert_eq!(outcome == Outcome::Halt, text != FAULTS);
            settle();
        }
    }
    let entered = entered().unwrap_or_default() - before;
    assert!(entered > 1, "entered {entered} times");
    say(&format!("{entered} entries of compiled code"));
}

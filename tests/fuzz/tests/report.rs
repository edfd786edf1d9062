//! How a case that differs is shortened and shown.

use neovm_fuzz::{Case, Comparer, Executor, Run, minimized, report};
use neovm_testing::Mode;

/// Gas that is below zero for the engine, which takes it as none; not so for the model.
const GAS: u64 = 1 << 63;

/// A loop, of which one instruction is enough to differ.
fn case() -> Case {
    let script = hex::decode("1a5701006f0014609d60682af51140").unwrap();
    let runs = vec![Run::default(), Run { gas_limit: GAS, ..Run::default() }];
    Case { script, reference: Executor::Model, subject: Executor::Engine(Mode::ALL[0]), runs }
}

#[test]
fn a_case_gets_as_short_as_it_can() {
    let short = minimized(&mut Comparer::new(), case());
    assert_eq!((short.script.len(), short.runs.len()), (1, 1), "{short:?}");
    assert!(Comparer::new().difference(&short).is_some());
}

#[test]
fn what_does_not_differ_stays_as_it_is() {
    let case = Case { subject: Executor::Model, ..case() };
    assert_eq!(minimized(&mut Comparer::new(), case.clone()), case);
    assert_eq!(report(&mut Comparer::new(), &case), None);
}

#[test]
fn a_report_shows_script_ends_and_steps() {
    let text = report(&mut Comparer::new(), &case()).unwrap();
    for part in ["model and auto differ in run 1", "script 1a57", "PUSH10", "Insufficient GAS.", "they part"] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

#[test]
fn cases_are_files() {
    let text = serde_json::to_string(&case()).unwrap();
    assert_eq!(serde_json::from_str::<Case>(&text).unwrap(), case());
}

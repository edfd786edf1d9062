//! The report in the format of JUnit, which services for continuous integration read.

use std::time::Duration;

use neovm_workbench::show::escaped;

use super::Ran;
use crate::json::push;

/// Returns the report: a suite for each file, and one for what is wrong beside the tests.
pub(super) fn xml(ran: &[Ran<'_>], errors: &[String], drift: &[String], time: Duration) -> String {
    let failures = |tests: &[Ran<'_>]| tests.iter().filter(|one| one.report.failure.is_some()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    push(
        &mut out,
        format_args!(
            "<testsuites name=\"neovm test\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3}\">\n",
            ran.len() + errors.len() + drift.len(),
            failures(ran) + drift.len(),
            errors.len(),
            time.as_secs_f64()
        ),
    );
    for tests in ran.chunk_by(|one, next| one.suite.path == next.suite.path) {
        let path = escaped(&tests[0].suite.path);
        let sum: Duration = tests.iter().map(|one| one.time).sum();
        push(
            &mut out,
            format_args!(
                "  <testsuite name=\"{path}\" tests=\"{}\" failures=\"{}\" time=\"{:.3}\">\n",
                tests.len(),
                failures(tests),
                sum.as_secs_f64()
            ),
        );
        for one in tests {
            let (name, time) = (escaped(one.name), one.time.as_secs_f64());
            push(&mut out, format_args!("    <testcase name=\"{name}\" classname=\"{path}\" time=\"{time:.3}\""));
            match &one.report.failure {
                None => out.push_str("/>\n"),
                Some(failure) => push_problem(&mut out, "failure", failure),
            }
        }
        out.push_str("  </testsuite>\n");
    }
    push_suite(&mut out, "files that cannot be used", "error", errors);
    push_suite(&mut out, "gas that differs from the snapshot", "failure", drift);
    out.push_str("</testsuites>\n");
    out
}

/// A suite of what is wrong beside the tests, if something is.
fn push_suite(out: &mut String, name: &str, kind: &str, problems: &[String]) {
    let (count, failures) = (problems.len(), if kind == "failure" { problems.len() } else { 0 });
    if count == 0 {
        return;
    }
    let errors = count - failures;
    push(
        out,
        format_args!("  <testsuite name=\"{name}\" tests=\"{count}\" failures=\"{failures}\" errors=\"{errors}\">\n"),
    );
    for (i, problem) in problems.iter().enumerate() {
        push(out, format_args!("    <testcase name=\"{}\" classname=\"{name}\"", i + 1));
        push_problem(out, kind, problem);
    }
    out.push_str("  </testsuite>\n");
}

/// The rest of a test case that went wrong.
fn push_problem(out: &mut String, kind: &str, problem: &str) {
    let plain = anstream::adapter::strip_str(problem).to_string();
    let first = escaped(plain.lines().next().unwrap_or_default());
    let text = escaped(&plain);
    push(out, format_args!(">\n      <{kind} message=\"{first}\">{text}</{kind}>\n    </testcase>\n"));
}

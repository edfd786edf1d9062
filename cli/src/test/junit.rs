//! The report in the format of JUnit, which services for continuous integration read.

use std::time::Duration;

use neovm_workbench::show::escaped;

use super::Ran;
use crate::json::push;

/// Returns the report: a suite for each file.
pub(super) fn xml(ran: &[Ran<'_>], time: Duration) -> String {
    let failures = |tests: &[Ran<'_>]| tests.iter().filter(|one| one.report.failure.is_some()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    push(
        &mut out,
        format_args!(
            "<testsuites name=\"neovm test\" tests=\"{}\" failures=\"{}\" time=\"{:.3}\">\n",
            ran.len(),
            failures(ran),
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
                Some(failure) => {
                    let plain = anstream::adapter::strip_str(failure).to_string();
                    let first = plain.lines().next().unwrap_or_default();
                    push(
                        &mut out,
                        format_args!(
                            ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                            escaped(first),
                            escaped(&plain)
                        ),
                    );
                }
            }
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

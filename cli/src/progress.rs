//! Progress bars of what takes longer than a second, at a terminal.

use std::{
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long something takes before it has a bar.
const DELAY: Duration = Duration::from_secs(1);

/// A bar on standard error, or none where that is not a terminal.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    begun: Instant,
}

impl Progress {
    /// A bar for a number of things, if that is known, `what` they are.
    pub(crate) fn new(total: Option<u64>, what: &str) -> Self {
        let bar = io::stderr().is_terminal().then(|| bar(total, what));
        Self { bar, begun: Instant::now() }
    }

    /// Moves the bar, and shows it if it has been long enough.
    pub(crate) fn set(&self, done: u64) {
        self.show_after(DELAY, done, ProgressDrawTarget::stderr);
    }

    fn show_after(&self, delay: Duration, done: u64, target: impl FnOnce() -> ProgressDrawTarget) {
        let Some(bar) = &self.bar else { return };
        if bar.is_hidden() && self.begun.elapsed() >= delay {
            bar.set_draw_target(target());
        }
        bar.set_position(done);
    }

    /// Sets the text behind what the bar shows.
    pub(crate) fn note(&self, text: String) {
        self.bar.iter().for_each(|bar| bar.set_message(text.clone()));
    }

    /// Does something that writes to the terminal, with the bar out of its way.
    pub(crate) fn suspend<R>(&self, action: impl FnOnce() -> R) -> R {
        match &self.bar {
            Some(bar) => bar.suspend(action),
            None => action(),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}

fn bar(total: Option<u64>, what: &str) -> ProgressBar {
    let template = match total {
        Some(_) => format!("[{{elapsed}}] {{bar:30}} {{human_pos}} of {{human_len}} {what}, {{eta}} left{{msg}}"),
        None => format!("[{{elapsed}}] {{spinner}} {{human_pos}} {what}, {{per_sec}}"),
    };
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden()).with_style(style)
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;

    #[test]
    fn a_bar_appears_after_the_delay_and_goes_away() {
        let terminal = InMemoryTerm::new(5, 80);
        let target = || ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let progress = Progress { bar: Some(bar(Some(10), "scripts")), begun: Instant::now() };
        progress.show_after(Duration::from_secs(60), 3, target);
        assert_eq!(terminal.contents(), "");
        progress.show_after(Duration::ZERO, 4, target);
        assert!(terminal.contents().contains(" 4 of 10 scripts, "), "{}", terminal.contents());
        drop(progress);
        assert_eq!(terminal.contents(), "");
    }
}

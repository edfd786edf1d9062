//! Ways to run: to a breakpoint, to another instruction or line, forward and back.

use neovm::{Execution, FaultKind};

use super::{Debugger, Pause, lines::Lines, watch::Monitor};
use crate::scripts::Scripts;

/// How far to go. Breakpoints stop every motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Motion {
    /// To a breakpoint, or the end.
    Continue,
    /// An instruction.
    Into,
    /// An instruction and all that it calls.
    Over,
    /// Until the current context has returned; back to where it was called.
    Out,
    /// To the beginning of a line, also in what is called. Where no line is known, an instruction.
    LineInto,
    /// To the beginning of a line, but not in what is called. Where no line is known, an
    /// instruction and all that it calls.
    LineOver,
}

/// Which way to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// On.
    Forward,
    /// Back.
    Back,
}

/// How many instructions are looked at together on the way back at first; four times as
/// many each time that nothing was found.
const FIRST_WINDOW: u64 = 1 << 10;

/// What a motion waits for.
struct Aim {
    motion: Motion,
    /// The greatest depth of the invocation stack at which it is reached.
    depth: usize,
    lines: Option<Lines>,
}

impl Aim {
    fn new(motion: Motion, execution: &Execution<'_>, scripts: &mut Scripts) -> Self {
        let depth = execution.vm().depth();
        let depth = match motion {
            Motion::Into | Motion::LineInto => usize::MAX,
            // When it has ended, nothing runs any more, and going back begins with what ran last.
            Motion::Over | Motion::LineOver => depth.max(1),
            Motion::Out => depth.saturating_sub(1),
            Motion::Continue => 0,
        };
        let by_lines = matches!(motion, Motion::LineInto | Motion::LineOver);
        let lines = by_lines.then(|| Lines::new(execution, scripts)).filter(Lines::is_known);
        Self { motion, depth, lines }
    }

    /// The same, seen from where another execution stands.
    fn from(&self, execution: &Execution<'_>, scripts: &mut Scripts) -> Self {
        Self { lines: self.lines.as_ref().map(|_| Lines::new(execution, scripts)), ..*self }
    }

    /// Whether the execution, which has not ended, is where it should go.
    fn is_met(&mut self, execution: &Execution<'_>, scripts: &mut Scripts) -> bool {
        let begins = self.lines.as_mut().is_none_or(|lines| lines.begins(execution, scripts));
        self.motion != Motion::Continue && begins && execution.vm().depth() <= self.depth
    }
}

/// Where it would have stopped.
struct Found {
    time: u64,
    pause: Pause,
    /// Whether that is before an instruction that throws.
    throws: bool,
}

impl<'s> Debugger<'s> {
    /// Goes on, or back. What breakpoints wait for stops it, but not at the instruction
    /// where it starts. On the way back it stops where it would have stopped last on the
    /// way to where it is.
    ///
    /// # Errors
    /// That of what makes the execution; [`FaultKind::Engine`] if it does not run as it
    /// did before.
    pub fn go(&mut self, motion: Motion, direction: Direction) -> Result<Pause, FaultKind> {
        let pause = match direction {
            Direction::Forward => self.forward(motion),
            Direction::Back => self.back(motion),
        }?;
        self.scripts.of_contexts(&self.execution);
        if let Pause::Breakpoint(hits) = &pause {
            self.count_hits(hits);
        }
        Ok(pause)
    }

    fn forward(&mut self, motion: Motion) -> Result<Pause, FaultKind> {
        if motion == Motion::Continue && !self.breakpoints.iter().any(|breakpoint| breakpoint.is_enabled) {
            self.threw_at = None;
            return self.run_to(u64::MAX);
        }
        let mut aim = Aim::new(motion, &self.execution, &mut self.scripts);
        let mut monitor = Monitor::new(&self.breakpoints, &self.execution, &self.scripts);
        let expected = self.threw_at.take();
        loop {
            if let Some(pause) = self.halted() {
                return Ok(pause);
            }
            self.step();
            let seen = monitor.look(&self.execution, self.ended.as_ref(), &mut self.scripts);
            let before = self.time - 1;
            if !seen.thrown.is_empty() && expected != Some(before) {
                return self.stand_at(Found { time: before, pause: Pause::Breakpoint(seen.thrown), throws: true });
            }
            if !seen.hits.is_empty() {
                return Ok(Pause::Breakpoint(seen.hits));
            }
            if let Some(ended) = &self.ended {
                return Ok(Pause::Ended(ended.clone()));
            }
            if aim.is_met(&self.execution, &mut self.scripts) {
                return Ok(Pause::Step);
            }
        }
    }

    /// Goes back in ever larger windows.
    fn back(&mut self, motion: Motion) -> Result<Pause, FaultKind> {
        if motion == Motion::Into {
            return self.rewind(self.time.saturating_sub(1));
        }
        let aim = Aim::new(motion, &self.execution, &mut self.scripts);
        let (mut end, mut window) = (self.time, FIRST_WINDOW);
        while end > 0 {
            let start = end.saturating_sub(window);
            let Some(probe) = self.at(start)? else { return Ok(Pause::Interrupted) };
            match self.search(probe, &aim, start, end) {
                Err(interrupted) => return Ok(interrupted),
                Ok(Some(found)) => return self.stand_at(found),
                Ok(None) if start == 0 => break,
                Ok(None) => (end, window) = (start + 1, window.saturating_mul(4)),
            }
        }
        self.rewind(0)
    }

    /// Finds the last time before `end` at which it would have stopped. The execution
    /// stands at `start`.
    ///
    /// # Errors
    /// [`Pause::Interrupted`].
    fn search(
        &mut self,
        mut execution: Execution<'s>,
        aim: &Aim,
        start: u64,
        end: u64,
    ) -> Result<Option<Found>, Pause> {
        self.scripts.forget_current();
        let mut aim = aim.from(&execution, &mut self.scripts);
        let mut monitor = Monitor::new(&self.breakpoints, &execution, &self.scripts);
        let mut found = None;
        for time in start + 1..=end {
            if self.interrupted() {
                return Err(Pause::Interrupted);
            }
            let ended = execution.step();
            let seen = monitor.look(&execution, ended.as_ref(), &mut self.scripts);
            let is_met = ended.is_none() && aim.is_met(&execution, &mut self.scripts);
            if !seen.thrown.is_empty() {
                found = Some(Found { time: time - 1, pause: Pause::Breakpoint(seen.thrown), throws: true });
            }
            if time < end && !seen.hits.is_empty() {
                found = Some(Found { time, pause: Pause::Breakpoint(seen.hits), throws: false });
            } else if time < end && is_met {
                found = Some(Found { time, pause: Pause::Step, throws: false });
            }
        }
        self.scripts.forget_current();
        Ok(found)
    }

    /// Goes back to where it should stop.
    fn stand_at(&mut self, found: Found) -> Result<Pause, FaultKind> {
        if self.rewind(found.time)? == Pause::Interrupted {
            return Ok(Pause::Interrupted);
        }
        self.threw_at = found.throws.then_some(found.time);
        Ok(found.pause)
    }
}

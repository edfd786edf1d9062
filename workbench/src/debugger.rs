//! Debugging an execution: forward, and back again.
//!
//! An execution is the same whenever it is run, so going back means to run it again up
//! to an earlier instruction, without looking on and with compiled code where there is
//! some: from its beginning, or from a copy that was made on the way. Nothing has to be
//! undone: what an execution changes lies in layers of its own.

mod breakpoint;
mod checkpoints;
mod digest;
mod expression;
mod lines;
mod motion;
mod view;
mod watch;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use neovm::{Execution, FaultKind, Hash160, Outcome, Stop, host::Contract};

use self::checkpoints::Checkpoints;
pub use self::{
    breakpoint::{Breakpoint, Condition, ConditionError},
    expression::ExpressionError,
    motion::{Direction, Motion},
    view::{Frame, Line, SlotKind, Variable, is_call_before},
    watch::Watched,
};
use crate::scripts::Scripts;

/// Runs an execution forward and back, and shows its state.
///
/// ```
/// use neovm::{Chain, Execution, ProtocolSettings, host::Invocation};
/// use neovm_workbench::debugger::{Debugger, Direction, Motion, Pause};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let chain = Chain::new(ProtocolSettings::private())?;
/// let gas = "0xd2a4cff31913016155e38e474a2c06d08be276cf".parse()?;
/// let pending = chain.prepare(&Invocation::call(gas, "decimals", vec![])?)?;
/// let job = pending.job();
/// let begin = || Execution::new(chain.network(), chain.store(), &job);
/// let mut debugger = Debugger::new(begin, Default::default(), Default::default())?;
/// debugger.add_breakpoint(debugger.condition("GasToken.decimals")?, false);
/// assert!(matches!(debugger.go(Motion::Continue, Direction::Forward)?, Pause::Breakpoint(_)));
/// assert_eq!(debugger.frames()[0].function, "decimals");
/// let now = debugger.time();
/// debugger.go(Motion::Continue, Direction::Forward)?;
/// debugger.go_to(now)?;
/// assert_eq!(debugger.frames()[0].function, "decimals");
/// # Ok(())
/// # }
/// ```
pub struct Debugger<'s> {
    begin: Box<dyn Fn() -> Result<Execution<'s>, FaultKind> + 's>,
    execution: Execution<'s>,
    scripts: Scripts,
    breakpoints: Vec<Breakpoint>,
    /// The number of the breakpoint that was added last.
    last_id: u32,
    interrupt: Arc<AtomicBool>,
    /// How many instructions ran; one that ended the execution counts, also where the
    /// machine does not count it.
    time: u64,
    ended: Option<Outcome>,
    /// The time at which it stopped before an instruction that throws.
    threw_at: Option<u64>,
    max_time: Option<u64>,
    checkpoints: Checkpoints<'s>,
    /// The time at which a copy is looked at next while it goes step by step.
    next_checkpoint: u64,
}

/// Why a debugger paused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pause {
    /// There is nothing before: it went back to the first instruction.
    Beginning,
    /// The step is complete.
    Step,
    /// What breakpoints wait for has happened, or is about to.
    Breakpoint(Vec<Hit>),
    /// The execution has ended.
    Ended(Outcome),
    /// The flag was set. It is cleared again.
    Interrupted,
    /// As many instructions ran as are allowed, see [`Debugger::set_max_time`].
    Limit,
}

/// A breakpoint that was hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The number of the breakpoint.
    pub id: u32,
    /// What it waits for.
    pub condition: Condition,
    /// What has happened, beyond that the place was reached.
    pub what: Option<String>,
}

impl<'s> Debugger<'s> {
    /// Creates a debugger before the first instruction of an execution. `begin` makes
    /// that execution, the same whenever it is called; `scripts` may know contracts and
    /// debug information. The flag, if set, stops whatever runs.
    ///
    /// # Errors
    /// That of `begin`.
    pub fn new(
        begin: impl Fn() -> Result<Execution<'s>, FaultKind> + 's,
        scripts: Scripts,
        interrupt: Arc<AtomicBool>,
    ) -> Result<Self, FaultKind> {
        let mut debugger = Self {
            execution: begin()?,
            begin: Box::new(begin),
            scripts,
            breakpoints: Vec::new(),
            last_id: 0,
            interrupt,
            time: 0,
            ended: None,
            threw_at: None,
            max_time: None,
            checkpoints: Checkpoints::new(),
            next_checkpoint: 0,
        };
        debugger.scripts.of_contexts(&debugger.execution);
        Ok(debugger)
    }

    /// The execution as it is now.
    pub fn execution(&self) -> &Execution<'s> {
        &self.execution
    }

    /// The scripts that are known.
    pub fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    /// Returns how many instructions have run: it is a point in time of the execution.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// How the execution has ended, if it has.
    pub fn ended(&self) -> Option<&Outcome> {
        self.ended.as_ref()
    }

    /// Lets no more instructions run than a number of them.
    pub fn set_max_time(&mut self, instructions: Option<u64>) {
        self.max_time = instructions;
    }

    /// Sets how many instructions lie at least between two copies of the execution, which it goes back to. Near the
    /// time at which it stands they are as close together; there are at most 64.
    pub fn set_checkpoint_interval(&mut self, instructions: u64) {
        self.checkpoints.interval = instructions.max(1);
    }

    /// The flag that stops what runs.
    pub fn interrupt(&self) -> &Arc<AtomicBool> {
        &self.interrupt
    }

    /// Goes to a point in time, to the end if the execution ends before it. Breakpoints are ignored.
    ///
    /// # Errors
    /// Those of [`Debugger::go`].
    pub fn go_to(&mut self, time: u64) -> Result<Pause, FaultKind> {
        if time < self.time {
            return self.rewind(time);
        }
        self.threw_at = None;
        let pause = if time == self.time { Pause::Step } else { self.run_to(time)? };
        self.scripts.of_contexts(&self.execution);
        Ok(self.ended.clone().map_or(pause, Pause::Ended))
    }

    /// Runs on to a later time, or to the end if that comes before it, without looking on and with compiled code where
    /// there is some.
    fn run_to(&mut self, time: u64) -> Result<Pause, FaultKind> {
        if let Some(pause) = self.halted() {
            return Ok(pause);
        }
        let most = self.max_time.map_or(time, |most| time.min(most));
        let outcome = run(&mut self.execution, self.time, most, &self.interrupt, &mut self.checkpoints);
        self.scripts.forget_current();
        self.time = self.execution.vm().instructions();
        match outcome {
            Outcome::Stopped(Stop::Budget) if self.time < time => Ok(Pause::Limit),
            Outcome::Stopped(Stop::Budget) => Ok(Pause::Step),
            Outcome::Stopped(Stop::Interrupted) => {
                self.interrupt.store(false, Ordering::Relaxed);
                Ok(Pause::Interrupted)
            }
            outcome => self.count_last(outcome),
        }
    }

    /// Finds the time at which the execution has ended: the machine does not count all instructions that end one.
    fn count_last(&mut self, outcome: Outcome) -> Result<Pause, FaultKind> {
        self.ended = Some(outcome.clone());
        let before = self.time.saturating_sub(1);
        let Some(again) = self.at(before)? else { return Ok(Pause::Ended(outcome)) };
        (self.execution, self.time, self.ended) = (again, before, None);
        while self.ended.is_none() {
            self.step();
        }
        Ok(Pause::Ended(outcome))
    }

    /// Makes the execution again, up to an earlier time; none if that was interrupted.
    fn at(&mut self, time: u64) -> Result<Option<Execution<'s>>, FaultKind> {
        let (start, mut again) = match self.checkpoints.latest(time) {
            Some(known) => known,
            None => (0, (self.begin)()?),
        };
        if start == time {
            return Ok(Some(again));
        }
        match run(&mut again, start, time, &self.interrupt, &mut self.checkpoints) {
            Outcome::Stopped(Stop::Budget) => Ok(Some(again)),
            Outcome::Stopped(Stop::Interrupted) => {
                self.interrupt.store(false, Ordering::Relaxed);
                Ok(None)
            }
            _ => Err(FaultKind::Engine("the execution did not run as it did before")),
        }
    }

    fn rewind(&mut self, time: u64) -> Result<Pause, FaultKind> {
        self.next_checkpoint = 0;
        let Some(again) = self.at(time)? else { return Ok(Pause::Interrupted) };
        self.execution = again;
        self.scripts.forget_current();
        self.scripts.of_contexts(&self.execution);
        (self.time, self.ended, self.threw_at) = (time, None, None);
        Ok(if time == 0 { Pause::Beginning } else { Pause::Step })
    }

    /// Runs an instruction.
    fn step(&mut self) {
        self.ended = self.execution.step();
        self.time += 1;
        if self.ended.is_none() && self.time >= self.next_checkpoint {
            self.checkpoints.keep(self.time, &mut self.execution);
            self.next_checkpoint = self.time + self.checkpoints.interval;
        }
    }

    /// Whether the flag is set, which clears it.
    fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed) && self.interrupt.swap(false, Ordering::Relaxed)
    }

    /// Why no further instruction may run.
    fn halted(&self) -> Option<Pause> {
        if let Some(ended) = &self.ended {
            return Some(Pause::Ended(ended.clone()));
        }
        if self.interrupted() {
            return Some(Pause::Interrupted);
        }
        self.max_time.is_some_and(|most| self.time >= most).then_some(Pause::Limit)
    }

    /// Goes on to where a condition holds, as to a breakpoint without a number.
    ///
    /// # Errors
    /// Those of [`Debugger::go`].
    pub fn advance(&mut self, condition: Condition) -> Result<Pause, FaultKind> {
        const ID: u32 = 0;
        self.breakpoints.push(Breakpoint { id: ID, condition, is_temporary: true, is_enabled: true, hits: 0 });
        let pause = self.go(Motion::Continue, Direction::Forward);
        self.remove_breakpoint(ID);
        match pause? {
            Pause::Breakpoint(hits) if hits.iter().any(|hit| hit.id == ID) => Ok(Pause::Step),
            other => Ok(other),
        }
    }

    /// Adds a breakpoint and returns its number. One that is temporary is removed when it is hit.
    pub fn add_breakpoint(&mut self, condition: Condition, is_temporary: bool) -> u32 {
        self.last_id += 1;
        self.breakpoints.push(Breakpoint { id: self.last_id, condition, is_temporary, is_enabled: true, hits: 0 });
        self.last_id
    }

    /// Removes a breakpoint and returns whether there was one.
    pub fn remove_breakpoint(&mut self, id: u32) -> bool {
        let count = self.breakpoints.len();
        self.breakpoints.retain(|breakpoint| breakpoint.id != id);
        self.breakpoints.len() < count
    }

    /// Enables or disables a breakpoint and returns whether there is one.
    pub fn enable_breakpoint(&mut self, id: u32, is_enabled: bool) -> bool {
        let found = self.breakpoints.iter_mut().find(|breakpoint| breakpoint.id == id);
        found.map(|breakpoint| breakpoint.is_enabled = is_enabled).is_some()
    }

    /// The breakpoints, in the order of their numbers.
    pub fn breakpoints(&self) -> &[Breakpoint] {
        &self.breakpoints
    }

    /// Takes note that breakpoints were hit, and removes those that are temporary.
    fn count_hits(&mut self, hits: &[Hit]) {
        for breakpoint in &mut self.breakpoints {
            breakpoint.hits += u64::from(hits.iter().any(|hit| hit.id == breakpoint.id));
        }
        self.breakpoints.retain(|breakpoint| breakpoint.hits == 0 || !breakpoint.is_temporary);
    }

    /// Finds a contract by its name or hash: among the scripts that are known, and then
    /// among the native contracts.
    pub fn find_contract(&self, text: &str) -> Option<(Hash160, Option<Arc<Contract>>)> {
        let hash: Option<Hash160> = text.parse().ok();
        let known = self.scripts.all().iter().rev().filter(|script| script.contract.is_some());
        let found = known.into_iter().find(|script| script.name == text || Some(script.hash) == hash);
        if let Some(script) = found {
            return Some((script.hash, script.contract.clone()));
        }
        let natives = neovm::host::native::NATIVES.into_iter();
        let native = natives.into_iter().find(|native| native.name == text || Some(native.hash) == hash);
        native.map(|native| native.hash).or(hash).map(|hash| (hash, None))
    }
}

/// Runs an execution from one time to another without looking on, and keeps copies of it on the way.
fn run<'s>(
    execution: &mut Execution<'s>,
    mut time: u64,
    end: u64,
    interrupt: &Arc<AtomicBool>,
    checkpoints: &mut Checkpoints<'s>,
) -> Outcome {
    execution.set_interrupt(Some(Arc::clone(interrupt)));
    let outcome = loop {
        let count = (end - time).min(checkpoints.interval);
        execution.set_budget(Some(count));
        let outcome = execution.run();
        time += count;
        if outcome != Outcome::Stopped(Stop::Budget) || time >= end {
            break outcome;
        }
        checkpoints.keep(time, execution);
    };
    execution.set_budget(None);
    execution.set_interrupt(None);
    outcome
}

//! When to compile, and what is kept.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, AtomicUsize, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use neovm_interp::{
    Code,
    tier::{self, CodeView, Exit, Kind, Tier, TypeFeedback},
};
use neovm_types::OpCode;

use super::stats::{ExitRecord, Report, Stats};
use crate::{
    Refusal,
    analysis::instruction::Ins,
    compile::{Asked, Compiled as Made, Job, Question, Speculation, compile},
    lock,
    memory::{
        capacity::{Capacity, DEFAULT_CAPACITY},
        code::MachineCode,
        module::target,
    },
};

/// The number of times a region is compiled before it is given up.
const MAX_TRIES: u32 = 12;

/// An exit that should not be taken is tolerated if it is taken at most once in this many
/// entries of the region.
const SELDOM: u64 = 8;

/// The least number of times that an instruction is reached before its region is requested again,
/// if the queue or the memory for machine code was full.
const LATER: u32 = 256;

/// The least number of instructions of a region without a loop.
const LEAST: usize = 16;

/// The most regions in the queue.
const MAX_QUEUE: usize = 64;

/// The stack of the compiler's thread, which is what Rust gives a thread unless an environment variable says
/// otherwise: programs that embed the engine do not expect it to read any.
const STACK_SIZE: usize = 2 << 20;

/// The most instructions of one script that are compiled, repeated ones included: half a second
/// of work.
const MAX_INSTRUCTIONS: usize = 1 << 16;

/// The most bytes of machine code that an instruction may take; more count as several.
const USUAL_SIZE: usize = 128;

/// The number of instructions that a refusal counts as.
const REFUSED: usize = 128;

/// When a [`Jit`] compiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mode {
    /// The number of times an instruction is reached until it is hot: by a jump back, by a
    /// call, or from the host or another script. At 1, the start of a script is hot as well.
    pub threshold: u32,
    /// Whether another thread compiles while the interpreter goes on.
    pub background: bool,
}

/// A compiler of the scripts of an engine. Clones share everything.
#[derive(Clone)]
pub struct Jit(Arc<Shared>);

struct Shared {
    mode: Mode,
    failing: Option<u32>,
    capacity: Capacity,
    totals: Mutex<Stats>,
    scripts: Mutex<Vec<Weak<Script>>>,
    /// Reports for people, if [`Jit::watch`] asked for them.
    reports: Mutex<Option<Vec<Report>>>,
    queue: Mutex<Option<SyncSender<Waiting>>>,
    /// The number of jobs that wait or run.
    waiting: Mutex<usize>,
    done: Condvar,
}

struct Waiting {
    script: Arc<Script>,
    code: Weak<Code>,
    entry: usize,
}

/// The tier of one script.
struct Script {
    /// The script itself, for jobs that run later.
    own: Weak<Script>,
    jit: Arc<Shared>,
    regions: Mutex<Regions>,
    /// The number of the next region.
    next: AtomicU32,
    /// The number of instructions compiled so far.
    instructions: AtomicUsize,
}

#[derive(Default)]
struct Regions {
    by_entry: HashMap<usize, Speculation>,
    /// All code that was ever entered, by the number of the region: a machine may still run it.
    compiled: HashMap<u32, Compiled>,
}

/// The machine code of a region.
struct Compiled {
    entry: usize,
    machine_code: MachineCode,
    records: Vec<Arc<ExitRecord>>,
    /// The widths that the code depends on.
    asked: Asked,
    /// The time it took to compile.
    time: Duration,
    /// Whether an exit failed, and the region was requested again.
    is_replaced: bool,
}

impl Compiled {
    /// Returns the number of bytes of memory that the code and its exits use.
    fn memory(&self) -> usize {
        let records = self.records.iter().map(|record| record.memory());
        let asked = self.asked.len() * size_of::<(usize, Question)>();
        size_of::<Self>() + asked + self.machine_code.memory() + records.sum::<usize>()
    }
}

impl Jit {
    /// Makes a compiler; none if the platform has none.
    pub fn new(mode: Mode) -> Option<Self> {
        Self::with_capacity(mode, DEFAULT_CAPACITY)
    }

    /// Makes a compiler whose machine code uses at most `capacity` bytes, except that the last
    /// region may go beyond.
    pub fn with_capacity(mode: Mode, capacity: usize) -> Option<Self> {
        Self::make(mode, capacity, None)
    }

    /// Makes a compiler for tests of guards that fail: the guard with the number `failing`,
    /// counted from 0 in each function, always fails. Code is left there more often than
    /// necessary; results stay the same.
    pub fn with_failing_guard(mode: Mode, failing: Option<u32>) -> Option<Self> {
        Self::make(mode, DEFAULT_CAPACITY, failing)
    }

    fn make(mode: Mode, capacity: usize, failing: Option<u32>) -> Option<Self> {
        target()?;
        Some(Self(Arc::new(Shared {
            mode,
            failing,
            capacity: Capacity::new(capacity),
            totals: Mutex::default(),
            scripts: Mutex::default(),
            reports: Mutex::default(),
            queue: Mutex::default(),
            waiting: Mutex::default(),
            done: Condvar::new(),
        })))
    }

    /// Returns when the compiler compiles.
    pub fn mode(&self) -> Mode {
        self.0.mode
    }

    /// Attaches the compiler to decoded code, which it watches from then on.
    #[must_use]
    pub fn attach(&self, code: Code) -> Code {
        let script = Arc::new_cyclic(|own| Script {
            own: Weak::clone(own),
            jit: Arc::clone(&self.0),
            regions: Mutex::default(),
            next: AtomicU32::new(0),
            instructions: AtomicUsize::new(0),
        });
        let mut scripts = lock(&self.0.scripts);
        if scripts.len() == scripts.capacity() {
            scripts.retain(|script| script.strong_count() > 0);
        }
        scripts.push(Arc::downgrade(&script));
        drop(scripts);
        tier::attach(code, script, self.0.mode.threshold)
    }

    /// Returns the number of bytes that machine code may use.
    pub fn capacity(&self) -> usize {
        self.0.capacity.limit()
    }

    /// Returns the number of bytes that machine code uses.
    pub fn bytes(&self) -> usize {
        self.0.capacity.taken()
    }

    /// Waits until everything that is hot has been compiled.
    pub fn wait(&self) {
        let mut waiting = lock(&self.0.waiting);
        while *waiting > 0 {
            waiting = self.0.done.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Returns what the compiler has done so far.
    pub fn stats(&self) -> Stats {
        let mut stats = lock(&self.0.totals).clone();
        stats.bytes = self.bytes();
        let scripts: Vec<_> = lock(&self.0.scripts).iter().filter_map(Weak::upgrade).collect();
        for script in scripts {
            let regions = lock(&script.regions);
            let records = regions.compiled.values().flat_map(|compiled| &compiled.records);
            stats.count_exits(records.map(|record| &**record));
        }
        stats
    }

    /// Starts to record what becomes of regions, with their code as text.
    pub fn watch(&self) {
        lock(&self.0.reports).get_or_insert_default();
    }

    /// Returns what became of regions since [`Jit::watch`].
    pub fn reports(&self) -> Vec<Report> {
        lock(&self.0.reports).clone().unwrap_or_default()
    }
}

impl core::fmt::Debug for Jit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Jit").field("mode", &self.0.mode).field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

impl Tier for Script {
    fn hot(&self, code: &Arc<Code>, index: usize, feedback: &dyn Fn() -> TypeFeedback) {
        // It is told once; what becomes of it is found out here.
        let view = CodeView::new(code);
        view.reset_counter(index, u32::MAX);
        let init = Ins::read(view, index).filter(|ins| ins.opcode == OpCode::INITSLOT);
        let entry = index + usize::from(init.is_some());
        if self.is_exhausted() {
            return self.refuse(code, entry, Refusal::BudgetExhausted);
        }
        let mut regions = lock(&self.regions);
        match regions.by_entry.get_mut(&entry) {
            // What was learnt of it before it was put off still holds.
            Some(speculation) if speculation.is_put_off => speculation.is_put_off = false,
            Some(_) => return,
            None => {
                let mut feedback = init.map_or_else(feedback, |init| behind_init(&init, feedback()));
                let seen = core::mem::take(&mut feedback.seen);
                let speculation = Speculation { feedback, seen, counted: index, ..Speculation::default() };
                drop(regions.by_entry.insert(entry, speculation));
            }
        }
        drop(regions);
        self.request(code, entry);
    }

    fn failing(&self, code: &Arc<Code>, exit: &Exit, guard: Option<usize>, feedback: &dyn Fn() -> TypeFeedback) {
        let mut regions = lock(&self.regions);
        let Some(compiled) = regions.compiled.get(&exit.region) else { return };
        let Some(record) = compiled.records.get(exit.number as usize) else { return };
        let entered: u64 = compiled.records.iter().map(|record| record.taken()).sum();
        if record.taken() * SELDOM < entered || compiled.is_replaced {
            return;
        }
        let (entry, record) = (compiled.entry, Arc::clone(record));
        let asked = compiled.asked.clone();
        let Some(speculation) = regions.by_entry.get_mut(&entry) else { return };
        // Compiled from what was known before, it would fail as it did.
        let is_new = speculation.learn_from(&record, guard, &feedback(), &asked);
        let gives_up = !is_new || speculation.tries >= MAX_TRIES;
        let mut discarded = Duration::ZERO;
        if let Some(compiled) = regions.compiled.get_mut(&exit.region) {
            compiled.is_replaced = true;
            discarded = compiled.time;
        }
        drop(regions);
        lock(&self.jit.totals).discarded_time += discarded;
        if gives_up {
            // SAFETY: the interpreter's own handler comes back.
            unsafe { CodeView::new(code).enter_by(entry, None) };
            lock(&self.jit.totals).given_up += 1;
        } else {
            self.request(code, entry);
        }
    }

    fn memory(&self) -> usize {
        let regions = lock(&self.regions);
        let known: usize = regions.by_entry.values().map(Speculation::memory).sum();
        known + regions.compiled.values().map(Compiled::memory).sum::<usize>()
    }
}

impl Script {
    /// Requests a region: compiles it here, or puts it into the queue of the compiler's thread.
    fn request(&self, code: &Arc<Code>, entry: usize) {
        if self.jit.capacity.is_full() {
            return self.put_off(code, entry, Refusal::Full);
        }
        if !self.jit.mode.background {
            return self.compile(code, entry);
        }
        let Some(script) = self.own.upgrade() else { return };
        let job = Waiting { script, code: Arc::downgrade(code), entry };
        *lock(&self.jit.waiting) += 1;
        if self.jit.queue().try_send(job).is_err() {
            self.jit.finish_job();
            self.put_off(code, entry, Refusal::Busy);
        }
    }

    /// Refuses a region for now. It is requested again if it stays hot.
    fn put_off(&self, code: &Arc<Code>, entry: usize, refusal: Refusal) {
        self.refuse(code, entry, refusal);
        if let Some(speculation) = lock(&self.regions).by_entry.get_mut(&entry) {
            speculation.is_put_off = true;
            CodeView::new(code).reset_counter(speculation.counted, self.jit.mode.threshold.max(LATER));
        }
    }

    /// Leaves a region to the interpreter.
    fn refuse(&self, code: &Arc<Code>, entry: usize, refusal: Refusal) {
        // SAFETY: the interpreter's own handler comes back, if it was away.
        unsafe { CodeView::new(code).enter_by(entry, None) };
        *lock(&self.jit.totals).refused.entry(refusal).or_default() += 1;
    }

    /// Leaves a region to the interpreter, and forgets what was known of it.
    fn refuse_for_good(&self, code: &Arc<Code>, entry: usize, refusal: Refusal) {
        if let Some(speculation) = lock(&self.regions).by_entry.get_mut(&entry) {
            *speculation = Speculation::default();
        }
        self.refuse(code, entry, refusal);
    }

    /// Returns whether as much of the script was compiled as may be.
    fn is_exhausted(&self) -> bool {
        self.instructions.load(Ordering::Relaxed) >= MAX_INSTRUCTIONS
    }

    /// Compiles a region and lets the interpreter enter it. A region that is refused is not
    /// requested again.
    fn compile(&self, code: &Arc<Code>, entry: usize) {
        if self.is_exhausted() {
            return self.refuse_for_good(code, entry, Refusal::BudgetExhausted);
        }
        let begun = Instant::now();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let made = catch_unwind(AssertUnwindSafe(|| self.make(code, entry, number)));
        let made = made.unwrap_or(Err(Refusal::Panicked));
        let instructions = made.as_ref().map_or(REFUSED, |made| made.instructions);
        // Code that is large for its instructions, with many wide integers in each exit, took longer as well.
        let large = made.as_ref().map_or(0, |made| made.machine_code.size / USUAL_SIZE);
        self.instructions.fetch_add(instructions.max(large), Ordering::Relaxed);
        if let Some(reports) = &mut *lock(&self.jit.reports) {
            reports.push(Report::new(CodeView::new(code), entry, &made, begun.elapsed()));
        }
        let Made { machine_code, exits: records, asked, .. } = match made {
            Ok(made) => made,
            Err(refusal) => return self.refuse_for_good(code, entry, refusal),
        };
        let address = machine_code.entry;
        let time = begun.elapsed();
        let compiled = Compiled { entry, machine_code, records, asked, time, is_replaced: false };
        self.jit.capacity.take(compiled.memory());
        let mut regions = lock(&self.regions);
        let tries = regions.by_entry.get_mut(&entry).map_or(0, |speculation| {
            speculation.tries += 1;
            speculation.tries
        });
        regions.compiled.insert(number, compiled);
        drop(regions);
        // SAFETY: the translation keeps what the interpreter guarantees, and the
        // machine code lives as long as this tier, which the code keeps.
        unsafe { CodeView::new(code).enter_by(entry, Some(address)) };
        let mut totals = lock(&self.jit.totals);
        totals.compiled += 1;
        totals.recompiled += u64::from(tries > 1);
        totals.instructions += instructions as u64;
        totals.compile_time += begun.elapsed();
    }

    fn make(&self, code: &Code, entry: usize, number: u32) -> Result<Made, Refusal> {
        let speculation = lock(&self.regions).by_entry.get(&entry).ok_or(Refusal::Nothing)?.clone();
        // Who wants all compiled at once wants that too.
        let least = if self.jit.mode.threshold > 1 { LEAST } else { 0 };
        let wants_text = lock(&self.jit.reports).is_some();
        compile(&Job {
            code: CodeView::new(code),
            entry,
            speculation: &speculation,
            number,
            least,
            wants_text,
            failing: self.jit.failing,
        })
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let regions = self.regions.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut totals = lock(&self.jit.totals);
        for compiled in regions.compiled.values() {
            self.jit.capacity.give_back(compiled.memory());
            totals.count_exits(compiled.records.iter().map(|record| &**record));
        }
    }
}

impl Shared {
    /// Returns the queue of the compiler's thread, which is started with the first job.
    fn queue(self: &Arc<Self>) -> SyncSender<Waiting> {
        let mut queue = lock(&self.queue);
        queue
            .get_or_insert_with(|| {
                let (sender, receiver) = sync_channel::<Waiting>(MAX_QUEUE);
                // It ends when the last sender is dropped, with the engine.
                let _ = std::thread::Builder::new().name("neovm-jit".into()).stack_size(STACK_SIZE).spawn(move || {
                    for job in receiver {
                        let Waiting { script, code, entry } = job;
                        if let Some(code) = code.upgrade() {
                            script.compile(&code, entry);
                        }
                        script.jit.finish_job();
                    }
                });
                sender
            })
            .clone()
    }

    fn finish_job(&self) {
        *lock(&self.waiting) -= 1;
        self.done.notify_all();
    }
}

/// Returns the feedback that holds behind an INITSLOT: a method is compiled from there on, since INITSLOT makes the frame.
fn behind_init(init: &Ins, feedback: TypeFeedback) -> TypeFeedback {
    let (locals, arguments) = ((init.operand & 0xff) as usize, (init.operand >> 8) as usize);
    let TypeFeedback { mut stack, seen, .. } = feedback;
    let taken = arguments.min(stack.len());
    let mut taken: Vec<_> = stack.drain(..taken).collect();
    taken.resize(arguments, Kind::Other);
    TypeFeedback { locals: vec![Kind::Null; locals], arguments: taken, stack, count: None, seen }
}

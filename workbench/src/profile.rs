//! Where gas, instructions and time go.

mod flame;
mod report;

use std::{
    collections::{BTreeMap, HashMap},
    ops::AddAssign,
    time::Instant,
};

use neovm::{Execution, Gas, OpCode};

pub use self::report::{Measure, Row};
use crate::{frames::Frames, scripts::Scripts};

/// What something has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The number of instructions.
    pub instructions: u64,
    /// The gas.
    pub gas: Gas,
    /// The time in nanoseconds, if it is measured.
    pub nanoseconds: u64,
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.instructions += other.instructions;
        self.gas = self.gas.saturating_add(other.gas);
        self.nanoseconds += other.nanoseconds;
    }
}

/// Adds up what the instructions of an execution cost: by opcode, by position, and by
/// the functions that were running.
///
/// The cost of a system call includes what the host did; that of a call of a contract
/// only the call itself, and what runs in it counts with the contract.
///
/// The time is that of the general handlers, one by one, with the look at the clock. It
/// says what is slow in comparison, not how long an execution takes.
#[derive(Debug)]
pub struct Profile {
    scripts: Scripts,
    frames: Frames,
    nodes: Vec<Node>,
    /// The node of the functions that run.
    current: usize,
    by_opcode: Box<[Cost; 256]>,
    /// By script and position.
    by_position: Vec<BTreeMap<usize, Cost>>,
    /// The instruction that runs: script, position and opcode.
    running: Option<(usize, usize, Option<OpCode>)>,
    before: (Gas, u64),
    clock: Option<Instant>,
}

/// A function with those that called it.
#[derive(Debug, Default)]
struct Node {
    parent: usize,
    function: usize,
    children: HashMap<usize, usize>,
    own: Cost,
}

/// How many stacks of functions are told apart: functions that call each other in turn
/// make ever more of them.
const MAX_NODES: usize = 1 << 20;

/// The node that nothing belongs to; its children are the functions that nobody called.
const ROOT: usize = 0;

impl Profile {
    /// Creates an empty profile. `scripts` may know debug information. With `with_time` the
    /// time is measured as well.
    pub fn new(scripts: Scripts, with_time: bool) -> Self {
        Self {
            scripts,
            frames: Frames::default(),
            nodes: vec![Node::default()],
            current: ROOT,
            by_opcode: Box::new([Cost::default(); 256]),
            by_position: Vec::new(),
            running: None,
            before: (Gas::ZERO, 0),
            clock: with_time.then(Instant::now),
        }
    }

    /// Takes note of what the last instruction cost. To be called before each
    /// instruction and once after the last one.
    pub fn watch(&mut self, execution: &Execution<'_>) {
        let vm = execution.vm();
        let now = (vm.gas_consumed(), vm.instructions());
        let cost = Cost {
            gas: now.0.saturating_sub(self.before.0),
            instructions: now.1 - self.before.1,
            nanoseconds: self.clock.map_or(0, |clock| u64::try_from(clock.elapsed().as_nanos()).unwrap_or(u64::MAX)),
        };
        if let Some((script, position, opcode)) = self.running.take() {
            self.nodes[self.current].own += cost;
            if let Some(opcode) = opcode {
                self.by_opcode[opcode as usize] += cost;
            }
            *self.by_position[script].entry(position).or_default() += cost;
        }
        self.before = now;
        let script = self.scripts.current(execution);
        if self.frames.update(execution, &mut self.scripts) {
            self.current = self.frames.open().fold(ROOT, |node, function| child(&mut self.nodes, node, function));
        }
        self.running = script.zip(vm.position()).map(|(script, position)| (script, position, vm.opcode()));
        if let Some(script) = script
            && self.by_position.len() <= script
        {
            self.by_position.resize_with(script + 1, BTreeMap::new);
        }
        if let Some(clock) = &mut self.clock {
            *clock = Instant::now();
        }
    }
}

/// The node of a function that was called from another node; that node itself if there
/// are too many.
fn child(nodes: &mut Vec<Node>, parent: usize, function: usize) -> usize {
    if let Some(known) = nodes[parent].children.get(&function) {
        return *known;
    }
    if nodes.len() == MAX_NODES {
        return parent;
    }
    let place = nodes.len();
    nodes.push(Node { parent, function, ..Node::default() });
    nodes[parent].children.insert(function, place);
    place
}

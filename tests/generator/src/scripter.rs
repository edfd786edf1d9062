//! A script under construction: functions, statements and jumps.

use neovm_types::OpCode::{self, *};

use crate::{
    hot::{ChainCalls, Held},
    random::Random,
};

/// The maximum nesting depth of statements.
const MAX_DEPTH: usize = 4;

pub(crate) type Statement = fn(&mut Scripter<'_>);

/// The statements that do not contain others, with their weights.
const STATEMENTS: &[(usize, Statement)] = &[
    (6, |scripter| scripter.value()),
    (7, |scripter| scripter.arithmetic()),
    (9, |scripter| scripter.assignment()),
    (5, |scripter| scripter.step()),
    (3, |scripter| scripter.wide_arithmetic()),
    (2, |scripter| scripter.floor_mod()),
    (6, |scripter| scripter.array()),
    (5, |scripter| scripter.map()),
    (3, |scripter| scripter.structure()),
    (3, |scripter| scripter.cycle()),
    (7, |scripter| scripter.container()),
    (4, |scripter| scripter.shuffle()),
    (5, |scripter| scripter.bytes_statement()),
    (5, |scripter| scripter.conversion()),
    (5, |scripter| scripter.slot()),
    (3, |scripter| scripter.any_opcode()),
    (2, |scripter| scripter.system_call()),
    (1, |scripter| scripter.at_a_limit()),
    (1, |scripter| scripter.large()),
    (1, |scripter| scripter.odd()),
];

/// The statements that contain others, with their weights.
const NESTING: &[(usize, Statement)] = &[
    (6, |scripter| scripter.branch()),
    (5, |scripter| scripter.counted_loop()),
    (4, |scripter| scripter.stack_loop()),
    (5, |scripter| scripter.call()),
    (6, |scripter| scripter.guarded()),
];

/// A system call that always succeeds, or nearly so.
#[derive(Clone, Copy, Debug)]
pub struct SimpleCall {
    /// Its identifier.
    pub id: u32,
    /// The number of items that it pops.
    pub pops: usize,
    /// Whether it pushes an item.
    pub pushes: bool,
}

/// The system calls that scripts may make.
#[derive(Clone, Debug, Default)]
pub struct SystemCalls {
    /// Calls that pop a few items and push at most one. Listing a call twice makes it twice as likely.
    pub simple: Vec<SimpleCall>,
    /// The call that pops a script, a return value count, a number n and n items, and loads the script.
    pub load: Option<u32>,
    /// The call that pops an item and throws it.
    pub throw: Option<u32>,
    /// What contracts on a chain call besides.
    pub chain: Option<ChainCalls>,
}

/// The target of a jump.
#[derive(Clone, Copy)]
pub(crate) struct Label(pub(crate) usize);

/// An offset that is filled in once its target is known.
struct Hole {
    /// The position of the instruction, from which the offset is measured.
    start: usize,
    /// The position and the size of the offset.
    position: usize,
    size: usize,
    label: Label,
}

/// A script under construction.
pub(crate) struct Scripter<'a> {
    pub(crate) random: &'a mut Random,
    pub(crate) calls: &'a SystemCalls,
    pub(crate) bytes: Vec<u8>,
    /// The number of slots of each kind in functions.
    pub(crate) slots: usize,
    /// The number of arguments.
    pub(crate) arguments: usize,
    labels: Vec<usize>,
    holes: Vec<Hole>,
    /// Code that stands behind all else.
    appended: Vec<(Label, Vec<u8>)>,
    pub(crate) functions: Vec<Label>,
    /// The current nesting depth of statements.
    depth: usize,
    /// Whether calls may be generated. The last functions contain no calls, so that most scripts end.
    pub(crate) may_call: bool,
    /// The number of local variables that are reserved as counters of hot loops.
    pub(crate) reserved: usize,
    /// Whether the method being generated may write to the storage and notify.
    pub(crate) may_write: bool,
    /// The end of the current hot loop.
    pub(crate) loop_end: Option<Label>,
    /// Whether every other hot function is handed an item of any type.
    pub(crate) hands_over: bool,
    /// The hot function being generated.
    pub(crate) current: Option<Label>,
    /// The type of item in the last local variable, argument and static field.
    pub(crate) held: [Held; 3],
}

/// Generates a script.
pub fn script(random: &mut Random, calls: &SystemCalls) -> Vec<u8> {
    let functions = random.below(3);
    nested_script(random, calls, functions, 0)
}

/// Generates a script that starts at a nesting depth, which limits the length of its statements.
pub(crate) fn nested_script(random: &mut Random, calls: &SystemCalls, functions: usize, depth: usize) -> Vec<u8> {
    let slots = if random.one_in(6) { 8 } else { 3 };
    let mut scripter = Scripter::new(random, calls, functions, slots);
    scripter.depth = depth;
    scripter.entry();
    scripter.finish()
}

impl<'a> Scripter<'a> {
    pub(crate) fn new(random: &'a mut Random, calls: &'a SystemCalls, functions: usize, slots: usize) -> Self {
        Self {
            random,
            calls,
            bytes: Vec::new(),
            slots,
            arguments: slots,
            labels: vec![0; functions],
            holes: Vec::new(),
            appended: Vec::new(),
            functions: (0..functions).map(Label).collect(),
            depth: 0,
            may_call: functions > 0,
            reserved: 0,
            may_write: true,
            loop_end: None,
            hands_over: false,
            current: None,
            held: [Held::Small; 3],
        }
    }

    /// Returns the script's bytes, with all offsets filled in.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        for (label, code) in core::mem::take(&mut self.appended) {
            self.bind(label);
            self.bytes.extend(code);
        }
        self.fill();
        self.bytes
    }

    pub(crate) fn op(&mut self, opcode: OpCode) {
        self.bytes.push(opcode as u8);
    }

    pub(crate) fn ops(&mut self, opcodes: &[OpCode]) {
        opcodes.iter().for_each(|&opcode| self.op(opcode));
    }

    pub(crate) fn op_with(&mut self, opcode: OpCode, operand: &[u8]) {
        self.op(opcode);
        self.bytes.extend_from_slice(operand);
    }

    pub(crate) fn one_op(&mut self, opcodes: &[OpCode]) {
        let opcode = self.random.one_of(opcodes);
        self.op(opcode);
    }

    /// Pushes an integer from 0 to 16 with the opcode for it.
    pub(crate) fn constant(&mut self, value: usize) {
        self.bytes.push(PUSH0 as u8 + value as u8);
    }

    pub(crate) fn label(&mut self) -> Label {
        self.labels.push(0);
        Label(self.labels.len() - 1)
    }

    pub(crate) fn bind(&mut self, label: Label) {
        self.labels[label.0] = self.bytes.len();
    }

    /// Puts code behind all else.
    pub(crate) fn append(&mut self, code: Vec<u8>) -> Label {
        let label = self.label();
        self.appended.push((label, code));
        label
    }

    /// An instruction whose operand is an offset of `size` bytes.
    pub(crate) fn op_with_offset(&mut self, opcode: OpCode, size: usize, label: Label) {
        let start = self.bytes.len();
        self.op_with(opcode, &[0; 4][..size]);
        self.holes.push(Hole { start, position: start + 1, size, label });
    }

    /// A jump or call, given by its short opcode. It mostly uses the long form, because the target may
    /// be too far away for a short offset.
    pub(crate) fn jump(&mut self, short: OpCode, label: Label) {
        let is_long = !self.random.one_in(3);
        let opcode = OpCode::from_byte(short as u8 + u8::from(is_long)).unwrap_or(short);
        self.op_with_offset(opcode, if is_long { 4 } else { 1 }, label);
    }

    /// A try block with a catch block, a finally block, or both.
    pub(crate) fn try_block(&mut self, catch: Option<Label>, finally: Option<Label>) {
        let (opcode, size) = if self.random.one_in(3) { (TRY, 1) } else { (TRY_L, 4) };
        let start = self.bytes.len();
        self.op_with(opcode, &[0; 8][..2 * size]);
        self.holes.extend(catch.map(|label| Hole { start, position: start + 1, size, label }));
        self.holes.extend(finally.map(|label| Hole { start, position: start + 1 + size, size, label }));
    }

    fn fill(&mut self) {
        for hole in &self.holes {
            let offset = self.labels[hole.label.0] as i32 - hole.start as i32;
            self.bytes[hole.position..hole.position + hole.size].copy_from_slice(&offset.to_le_bytes()[..hole.size]);
        }
    }

    fn entry(&mut self) {
        if !self.random.one_in(150) {
            self.op_with(INITSSLOT, &[self.slots as u8]);
        }
        if !self.random.one_in(150) {
            (0..self.slots).for_each(|_| self.small());
            self.begin_function();
        }
        // Most instructions that pop items find some on the stack.
        (0..4).for_each(|_| self.value());
        self.block();
        if !self.random.one_in(20) {
            self.op(RET);
        }
        let functions = self.functions.clone();
        for (i, &function) in functions.iter().enumerate() {
            self.may_call = i + 1 < functions.len() || self.random.one_in(10);
            self.functions = functions[(i + 1).min(functions.len() - 1)..].to_vec();
            self.bind(function);
            self.begin_function();
            self.block();
            self.op(RET);
        }
    }

    /// Creates the slots. The last of each kind holds an item of any type, the others integers.
    fn begin_function(&mut self) {
        self.op_with(INITSLOT, &[self.slots as u8, self.slots as u8]);
        for slot in 0..self.slots {
            self.small();
            self.slot_op(STLOC0, slot);
            self.small();
            self.slot_op(STSFLD0, slot);
        }
    }

    pub(crate) fn block(&mut self) {
        self.depth += 1;
        for _ in 0..1 + self.random.below(9 - 2 * self.depth.min(MAX_DEPTH)) {
            let nests = self.depth < MAX_DEPTH && self.random.one_in(4);
            let statement = self.chosen(if nests { NESTING } else { STATEMENTS });
            statement(self);
        }
        self.depth -= 1;
    }

    /// A statement that does not contain others.
    pub(crate) fn statement(&mut self) {
        self.chosen(STATEMENTS)(self);
    }

    pub(crate) fn chosen(&mut self, table: &[(usize, Statement)]) -> Statement {
        let mut pick = self.random.below(table.iter().map(|(weight, _)| weight).sum());
        for &(weight, statement) in table {
            if pick < weight {
                return statement;
            }
            pick -= weight;
        }
        |scripter| scripter.value()
    }
}

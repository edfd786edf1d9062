//! Loops and methods that become hot, to test compilers of hot code.

use neovm_types::OpCode::{self, *};

mod contracts;
mod crossing;
mod functions;
mod handed;
mod held;
mod texts;
mod tries;

pub use self::contracts::{ChainCalls, contract, contract_call};
pub(crate) use self::held::Held;
use crate::{
    random::Random,
    scripter::{Label, Scripter, Statement, SystemCalls},
};

/// The number of slots of each kind in hot functions. The last slot of each kind holds an item of any
/// type.
const SLOTS: usize = 4;

/// The deepest nesting of loops.
const MAX_LOOPS: usize = 2;

/// The statements in the body of a hot loop, with their weights. All except the last two leave the
/// height of the stack unchanged.
const HOT: &[(usize, Statement)] = &[
    (8, |scripter| scripter.assignment_in_loop()),
    (4, |scripter| scripter.step_in_loop()),
    (4, |scripter| scripter.overflowing()),
    (4, |scripter| scripter.truth()),
    (3, |scripter| scripter.other_kind()),
    (8, |scripter| scripter.use_held()),
    (4, |scripter| scripter.choice()),
    (3, |scripter| scripter.inner_loop()),
    (5, |scripter| scripter.hot_call()),
    (4, |scripter| scripter.beneath()),
    (1, |scripter| scripter.throw_in_loop()),
    (2, |scripter| scripter.guarded_in_loop()),
    (7, |scripter| scripter.try_in_loop()),
    (4, |scripter| scripter.stack_work()),
    (3, |scripter| scripter.wide_in_loop()),
    (6, |scripter| scripter.crossing()),
    (2, |scripter| scripter.forked()),
    (3, |scripter| scripter.type_work()),
    (2, |scripter| scripter.copies_in_loop()),
    (1, |scripter| scripter.asserted()),
    (1, |scripter| scripter.rest_in_loop()),
    (1, |scripter| scripter.leave_loop()),
    (1, |scripter| scripter.ask_host()),
    (1, |scripter| scripter.pile_up()),
    (1, |scripter| scripter.anything()),
];

/// The opcodes that load and store slots of each kind.
const SLOT_KINDS: [(OpCode, OpCode); 3] = [(LDLOC0, STLOC0), (LDARG0, STARG0), (LDSFLD0, STSFLD0)];

/// Generates a script with a few loops that become hot, and methods that they call.
pub fn hot_script(random: &mut Random, calls: &SystemCalls) -> Vec<u8> {
    let functions = random.one_of(&[0, 1, 1, 2, 2]);
    let mut scripter = Scripter::new(random, calls, functions, SLOTS);
    scripter.hands_over = scripter.random.one_in(2);
    scripter.op_with(INITSSLOT, &[SLOTS as u8]);
    (0..SLOTS).for_each(|_| scripter.small());
    scripter.op_with(INITSLOT, &[SLOTS as u8, SLOTS as u8]);
    scripter.first_values(&[0, 2]);
    // Instructions that pop items find some on the stack.
    (0..4).for_each(|_| scripter.value());
    for _ in 0..scripter.random.one_of(&[1, 1, 1, 2, 2, 3]) {
        if scripter.random.one_in(8) {
            scripter.statement();
        }
        if scripter.random.one_in(8) {
            scripter.guarded_loop();
        } else {
            scripter.hot_loop();
        }
    }
    if scripter.random.one_in(3) {
        scripter.load_any();
        scripter.load_int();
    }
    if scripter.random.one_in(200) {
        scripter.long_tail();
    }
    scripter.op(RET);
    scripter.hot_functions();
    scripter.finish()
}

impl Scripter<'_> {
    /// Stores integers into the slots, and an item of any type into the last slot of each kind.
    fn first_values(&mut self, kinds: &[usize]) {
        for &kind in kinds {
            let (_, store) = SLOT_KINDS[kind];
            for slot in 0..SLOTS - 1 {
                if self.random.one_in(8) {
                    self.int();
                } else {
                    self.small();
                }
                self.bytes.push(store as u8 + slot as u8);
            }
            self.hold(kind);
        }
    }

    /// More instructions than fit into a compiled region.
    fn long_tail(&mut self) {
        for _ in 0..400 + self.random.below(400) {
            let next = self.label();
            self.load_int();
            self.jump(JMPIF, next);
            self.bind(next);
        }
    }

    /// The number of iterations of a loop, which is mostly enough to become hot.
    fn turns(&mut self) -> i16 {
        match self.random.below(20) {
            0 => 100 + self.random.below(300) as i16,
            1..=6 => 10 + self.random.below(30) as i16,
            _ => 8 + self.random.below(12) as i16,
        }
    }

    fn hot_loop(&mut self) {
        let (top, end) = (self.label(), self.label());
        let counter = self.reserved as u8;
        let (load, store) = (LDLOC0 as u8 + counter, STLOC0 as u8 + counter);
        let turns = self.turns();
        let outer = self.loop_end.replace(end);
        self.reserved += 1;
        match self.random.below(4) {
            0 => {
                // Counts down and jumps depending on the sign or on the counter itself.
                self.op_with(PUSHINT16, &turns.to_le_bytes());
                self.bytes.push(store);
                self.bind(top);
                self.hot_body();
                self.bytes.push(load);
                self.ops(&[DEC, DUP]);
                self.bytes.push(store);
                if self.random.one_in(2) {
                    self.jump(JMPIF, top);
                } else {
                    self.op(PUSH0);
                    self.jump(JMPGT, top);
                }
                self.bind(end);
            }
            1 => {
                // Counts on the stack, below the items of the body.
                self.op_with(PUSHINT16, &turns.to_le_bytes());
                self.bind(top);
                self.op(DUP);
                self.bytes.push(store);
                self.hot_body();
                self.ops(&[DEC, DUP]);
                self.jump(JMPIF, top);
                self.bind(end);
                self.op(DROP);
            }
            _ => {
                // Counts up and checks the condition at the head.
                self.op(PUSH0);
                self.bytes.push(store);
                self.bind(top);
                self.bytes.push(load);
                self.op_with(PUSHINT16, &turns.to_le_bytes());
                self.jump(JMPGE, end);
                self.hot_body();
                self.bytes.push(load);
                self.op(INC);
                self.bytes.push(store);
                self.jump(JMP, top);
                self.bind(end);
            }
        }
        self.reserved -= 1;
        self.loop_end = outer;
    }

    fn hot_body(&mut self) {
        let most = if self.reserved > 1 { 2 } else { 5 };
        for _ in 0..1 + self.random.below(most) {
            if self.calls.chain.is_some() && self.random.one_in(4) {
                self.chain_statement();
            } else {
                self.chosen(HOT)(self);
            }
        }
    }

    /// Pushes the loop's counter.
    fn load_counter(&mut self) {
        self.bytes.push(LDLOC0 as u8 + self.reserved.saturating_sub(1) as u8);
    }

    /// Jumps to `label` in all iterations except a certain one, or in those before or after it.
    fn unless_turn(&mut self, label: Label) {
        self.load_counter();
        let turn = self.random.below(16);
        self.constant(turn);
        let compare = self.random.one_of(&[JMPNE, JMPNE, JMPLT, JMPGT]);
        self.jump(compare, label);
    }

    fn assignment_in_loop(&mut self) {
        if self.random.one_in(3) {
            self.load_counter();
        } else {
            self.load_int();
        }
        if self.random.one_in(2) {
            self.load_int();
        } else {
            self.small();
        }
        self.operator();
        self.store_int();
    }

    fn step_in_loop(&mut self) {
        self.load_int();
        self.one_op(&[INC, DEC, NEGATE, ABS, INVERT, SIGN]);
        self.store_int();
    }

    /// A value that exceeds 64 or 256 bits after some iterations.
    fn overflowing(&mut self) {
        self.load_int();
        match self.random.below(4) {
            0 => self.ops(&[DUP, MUL]),
            1 => {
                self.small();
                self.op(ABS);
                self.op(SHL);
            }
            _ => {
                let edge = self.random.one_of(&[i64::MAX, i64::MIN, i64::MAX / 3, 1 << 62, -(1 << 61), 1 << 32]);
                self.op_with(PUSHINT64, &edge.to_le_bytes());
                self.one_op(&[ADD, SUB, MUL, ADD, DIV, MOD]);
            }
        }
        self.store_int();
    }

    /// Stores a boolean into a slot that may have held an integer.
    fn truth(&mut self) {
        match self.random.below(4) {
            0 => {
                self.load_any();
                self.one_op(&[NOT, ISNULL, NOT]);
            }
            1 => {
                self.load_int();
                self.small();
                self.op(PUSH16);
                self.op(WITHIN);
            }
            2 => {
                self.load_int();
                self.one_op(&[NZ, NOT]);
            }
            _ => {
                self.two_operands();
                self.comparison();
            }
        }
        match self.random.below(4) {
            0 => self.store_any(),
            1 => self.store_int(),
            _ => {
                let end = self.label();
                let test = self.random.one_of(&[JMPIF, JMPIFNOT]);
                self.jump(test, end);
                self.assignment_in_loop();
                self.bind(end);
            }
        }
    }

    /// Changes the type of the item in a slot during some iteration.
    fn other_kind(&mut self) {
        let end = self.label();
        self.unless_turn(end);
        match self.random.below(3) {
            0 => {
                match self.random.below(8) {
                    0 => self.value(),
                    1..=3 => self.one_op(&[PUSHT, PUSHF]),
                    4 => self.op_with(PUSHDATA1, b"\x02ne"),
                    _ => self.wide_int(),
                }
                self.store_int();
            }
            1 => {
                self.value();
                self.store_any();
            }
            _ => {
                let kind = self.random.one_of(&[0, 2]);
                let before = self.held[kind];
                self.hold(kind);
                // The following code mostly still expects the previous type.
                if !self.random.one_in(3) {
                    self.held[kind] = before;
                }
            }
        }
        self.bind(end);
    }

    fn two_operands_added(&mut self) {
        self.load_int();
        self.load_int();
        self.one_op(&[ADD, SUB, XOR]);
    }

    /// Pushes one of two items, whose types may differ.
    fn choice(&mut self) {
        let (other, end) = (self.label(), self.label());
        self.two_operands();
        let compare = self.random.one_of(&[JMPEQ, JMPNE, JMPGT, JMPGE, JMPLT, JMPLE]);
        self.jump(compare, other);
        if self.random.one_in(3) {
            self.value();
        } else {
            self.load_int();
        }
        self.jump(JMP, end);
        self.bind(other);
        if self.random.one_in(3) {
            self.one_op(&[PUSHT, PUSHNULL, PUSH7]);
        } else {
            self.two_operands_added();
        }
        self.bind(end);
        if self.random.one_in(3) { self.store_any() } else { self.store_int() }
    }

    fn inner_loop(&mut self) {
        if self.reserved < MAX_LOOPS { self.hot_loop() } else { self.assignment_in_loop() }
    }

    fn hot_call(&mut self) {
        if self.functions.is_empty() {
            return self.assignment_in_loop();
        }
        let function = self.functions[self.random.below(self.functions.len())];
        self.load_int();
        if self.is_handed(function) {
            self.handed_item();
        } else if self.random.one_in(6) {
            self.load_any();
        } else {
            self.load_counter();
        }
        if self.random.one_in(8) {
            self.op_with_offset(PUSHA, 4, function);
            self.op(CALLA);
        } else {
            self.jump(CALL, function);
        }
        self.take();
    }

    /// Reads an item, runs a statement that may change its source, and then uses the item.
    fn beneath(&mut self) {
        match self.random.below(5) {
            0 => self.load_any(),
            1 => self.picked(),
            _ => self.load_int(),
        }
        self.chosen(HOT)(self);
        self.take();
    }

    /// Faults or throws during some iteration.
    fn throw_in_loop(&mut self) {
        let end = self.label();
        self.unless_turn(end);
        match self.random.below(12) {
            0..=1 => self.ops(&[PUSH1, THROW]),
            2 => {
                self.load_any();
                self.op(THROW);
            }
            3 => self.ops(&[PUSH1, PUSH0, DIV, DROP]),
            4 => self.ops(&[NEWARRAY0, PUSH0, PICKITEM, DROP]),
            5 => self.ops(&[NEWMAP, PUSH1, PICKITEM, DROP]),
            6 => self.ops(&[PUSHF, ASSERT]),
            7 => self.ops(&[PUSHNULL, INC, DROP]),
            8 => {
                self.load_any();
                self.ops(&[INC, DROP]);
            }
            9 => self.ops(&[PUSH1, NEWBUFFER, PUSH3, PUSH1, SETITEM]),
            10 => self.ops(&[PUSH3, PUSHM1, SHL, DROP]),
            _ => self.op(ABORT),
        }
        self.bind(end);
    }

    /// An assertion that mostly holds.
    fn asserted(&mut self) {
        self.two_operands();
        self.one_op(&[EQUAL, NOTEQUAL]);
        if !self.random.one_in(6) {
            self.ops(&[PUSHT, BOOLOR]);
        }
        if self.random.one_in(2) {
            self.op(ASSERT);
        } else {
            self.op_with(PUSHDATA1, b"\x03why");
            self.op(ASSERTMSG);
        }
    }

    fn guarded_in_loop(&mut self) {
        self.caught(|scripter| {
            scripter.chosen(HOT)(scripter);
            scripter.throw_in_loop();
        });
    }

    fn guarded_loop(&mut self) {
        self.caught(Self::hot_loop);
    }

    /// A statement in a try block. An exception that it throws is stored into a slot.
    fn caught(&mut self, what: fn(&mut Self)) {
        let (catch, finally, end) = (self.label(), self.label(), self.label());
        let has_finally = self.random.one_in(3);
        self.try_block(Some(catch), has_finally.then_some(finally));
        what(self);
        self.jump(ENDTRY, end);
        self.bind(catch);
        self.store_any();
        self.jump(ENDTRY, end);
        if has_finally {
            self.bind(finally);
            self.step_in_loop();
            self.op(ENDFINALLY);
        }
        self.bind(end);
    }

    /// Reorders items and drops them.
    fn stack_work(&mut self) {
        let items = 3 + self.random.below(2);
        (0..items).for_each(|_| if self.random.one_in(4) { self.load_any() } else { self.load_int() });
        for _ in 0..1 + self.random.below(3) {
            match self.random.below(4) {
                0 => {
                    let index = self.random.below(3);
                    self.constant(index);
                    self.op(ROLL);
                }
                1 => self.one_op(&[SWAP, ROT, REVERSE3]),
                2 => {
                    self.ops(&[PUSH3, REVERSEN]);
                }
                _ => {
                    let index = self.random.below(3);
                    self.constant(index);
                    self.ops(&[PICK, NIP]);
                }
            }
        }
        if self.random.one_in(2) {
            self.one_op(&[OVER, TUCK, DUP]);
            self.op(DROP);
        }
        (1..items).for_each(|_| self.one_op(&[DROP, DROP, NIP]));
        self.store_any();
    }

    fn wide_in_loop(&mut self) {
        if self.random.one_in(3) {
            self.wide_int();
        } else {
            self.load_int();
        }
        match self.random.below(4) {
            0 => {
                self.load_int();
                self.small();
                self.one_op(&[MODMUL, WITHIN]);
            }
            1 => {
                self.count();
                self.one_op(&[SHR, SHL, POW]);
            }
            2 => self.ops(&[ABS, SQRT]),
            _ => {
                self.load_int();
                self.one_op(&[DIV, MOD, AND, OR, XOR, MIN, MAX]);
            }
        }
        self.store_int();
    }

    /// A floor remainder whose divisor is mostly a constant.
    fn rest_in_loop(&mut self) {
        self.load_int();
        if self.random.one_in(8) {
            self.load_int();
        } else {
            self.one_op(&[PUSH1, PUSH2, PUSH3, PUSH7, PUSH8, PUSH10, PUSH16, PUSHM1]);
        }
        self.rest();
        self.store_int();
    }

    fn type_work(&mut self) {
        let item_type = self.random.one_of(&[0x20, 0x21, 0x28, 0x30, 0x40]);
        if self.random.one_in(2) {
            self.load_any();
        } else {
            self.load_int();
        }
        if self.random.one_in(2) {
            self.op_with(ISTYPE, &[item_type]);
        } else {
            let item_type = self.random.one_of(&[0x20, 0x21, 0x21, 0x28]);
            self.op_with(CONVERT, &[item_type]);
        }
        if self.random.one_in(3) { self.store_int() } else { self.store_any() }
    }

    /// Jumps out of the middle of the loop.
    fn leave_loop(&mut self) {
        let Some(end) = self.loop_end else { return self.step_in_loop() };
        let stay = self.label();
        self.unless_turn(stay);
        self.jump(JMP, end);
        self.bind(stay);
    }

    fn ask_host(&mut self) {
        if !self.calls.simple.is_empty() {
            self.simple_call();
            self.store_any();
        }
    }

    /// Leaves more items on the stack with each iteration.
    fn pile_up(&mut self) {
        match self.random.below(3) {
            0 => self.value(),
            1 => self.load_int(),
            _ => {
                self.count();
                self.one_op(&[NEWARRAY, NEWSTRUCT]);
                self.store_any();
            }
        }
    }

    /// A statement that is not specific to hot loops.
    fn anything(&mut self) {
        self.statement();
    }
}

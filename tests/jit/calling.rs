//! Random methods on small values, which compiled code calls without the interpreter, and a loop
//! that calls them.

use std::{fmt::Write, sync::Arc};

use neovm::{Dispatch, Limits, VmConfig, types::asm::assemble};
use neovm_generator::Random;

use neovm_testing::{Compiler, Mode, Modes, Program, Runner, Start, Tally, assert_same, is_long, say};

use crate::tries::left;

/// The gas limit of a script, enough for some thousand calls: methods may call each other for ever.
const GAS: i64 = 60_000_000;

/// The deepest nesting of statements and expressions.
const MAX_DEPTH: usize = 3;

/// The numbers of local variables and arguments of a method. The last local variable counts turns.
#[derive(Clone, Copy)]
struct Shape {
    locals: usize,
    arguments: usize,
}

/// A script under construction.
struct Writer<'a> {
    random: &'a mut Random,
    text: String,
    methods: Vec<Shape>,
    labels: usize,
    /// The method that is being generated, or `None` for the loop.
    own: Option<usize>,
}

/// Returns the script of a seed.
pub(crate) fn calling(seed: u64) -> Program {
    let mut random = Random::new(seed);
    let shape = |random: &mut Random| Shape { locals: 1 + random.below(4), arguments: random.below(7) };
    let methods = (0..1 + random.below(4)).map(|_| shape(&mut random)).collect();
    let mut writer = Writer { random: &mut random, text: String::new(), methods, labels: 0, own: None };
    writer.main();
    (0..writer.methods.len()).for_each(|method| writer.method(method));
    let script = assemble(&writer.text).unwrap_or_else(|error| panic!("{error}: {}", writer.text));
    let start = Start { gas_limit: GAS, nulls: 0 };
    Program { start, ..Program::new(format!("calling, seed {seed}"), script) }
}

impl Writer<'_> {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn one(&mut self, lines: &[&str]) {
        let line = self.random.one_of(lines);
        self.line(line);
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("l{}", self.labels)
    }

    /// A loop that calls the first method in each turn and perhaps catches what it throws.
    fn main(&mut self) {
        let turns = 3 + self.random.below(40);
        let is_guarded = self.random.one_in(3);
        self.line(&format!("INITSLOT 2, 0\nPUSHINT16 {turns}\nSTLOC1\nPUSH0\nSTLOC0"));
        self.line("next: NOP");
        self.one(&["NOP", "PUSH10\nPUSH9\nPOW\nDROP", "PUSHM1\nPUSH1\nPOW\nDROP", "PUSH2\nPUSHINT8 63\nPOW\nDROP"]);
        if is_guarded {
            self.line("TRY_L caught, -");
        }
        self.call(0, MAX_DEPTH);
        self.one(&["DROP", "STLOC0", "STLOC0", "STLOC0"]);
        if is_guarded {
            self.line("ENDTRY_L end\ncaught: DROP\nENDTRY_L end\nend: NOP");
        }
        self.line("LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF_L next\nLDLOC0\nRET");
    }

    fn method(&mut self, method: usize) {
        let Shape { locals, arguments } = self.methods[method];
        self.own = Some(method);
        self.line(&format!("m{method}: INITSLOT {locals}, {arguments}"));
        // Small methods are inlined.
        if self.random.one_in(3) {
            self.expression(MAX_DEPTH - 1);
            return self.line("RET");
        }
        // Some local variables stay Null.
        for local in 0..locals {
            if !self.random.one_in(20) {
                self.constant();
                self.line(&format!("STLOC {local}"));
            }
        }
        self.statements(1);
        self.expression(1);
        self.line("RET");
    }

    fn statements(&mut self, depth: usize) {
        for _ in 0..1 + self.random.below(4) {
            match self.random.below(if depth < MAX_DEPTH { 10 } else { 4 }) {
                0..=3 => {
                    self.expression(depth);
                    self.store();
                }
                4 | 5 => {
                    let (other, end) = (self.label(), self.label());
                    self.expression(depth + 1);
                    self.line(&format!("JMPIFNOT_L {other}"));
                    self.statements(depth + 1);
                    self.line(&format!("JMP_L {end}\n{other}: NOP"));
                    if self.random.one_in(2) {
                        self.statements(depth + 1);
                    }
                    self.line(&format!("{end}: NOP"));
                }
                6 => {
                    let end = self.label();
                    self.expression(depth + 1);
                    self.expression(depth + 1);
                    let jump = self.random.one_of(&["JMPEQ_L", "JMPNE_L", "JMPGT_L", "JMPLE_L"]);
                    self.line(&format!("{jump} {end}"));
                    self.expression(depth + 1);
                    self.line(&format!("RET\n{end}: NOP"));
                }
                7 => self.counted(depth),
                _ => self.check(depth),
            }
        }
    }

    /// A check that seldom fails.
    fn check(&mut self, depth: usize) {
        self.expression(depth + 1);
        let other = self.random.below(40);
        self.line(&format!("PUSHINT8 {other}\nNUMNOTEQUAL"));
        if self.random.one_in(2) {
            // The last message is no text.
            return self.one(&["ASSERT", "PUSHDATA1 \"no\"\nASSERTMSG", "PUSHDATA1 0xff\nASSERTMSG"]);
        }
        let holds = self.label();
        self.line(&format!("JMPIF_L {holds}"));
        self.load();
        self.one(&[
            "THROW",
            "PUSHDATA1 \"no\"\nTHROW",
            "PUSHDATA1 \"no\"\nSWAP\nTHROW",
            "PUSH1\nPACK\nTHROW",
            "ABORT",
            "PUSHDATA1 \"no\"\nABORTMSG",
        ]);
        self.line(&format!("{holds}: NOP"));
    }

    /// A loop of a few turns. A nested loop shares the counter.
    fn counted(&mut self, depth: usize) {
        let Some(method) = self.own else { return };
        let (next, counter) = (self.label(), self.methods[method].locals - 1);
        let turns = 1 + self.random.below(5);
        self.line(&format!("PUSH{turns}\nSTLOC {counter}\n{next}: NOP"));
        self.statements(depth + 1);
        self.line(&format!("LDLOC {counter}\nDEC\nDUP\nSTLOC {counter}\nPUSH0\nJMPGT_L {next}"));
    }

    fn store(&mut self) {
        let Shape { locals, arguments } = self.shape();
        match self.random.below(locals - 1 + arguments) {
            slot if slot < locals - 1 => self.line(&format!("STLOC {slot}")),
            slot => self.line(&format!("STARG {}", slot + 1 - locals)),
        }
    }

    /// The slots that can be stored to; there is at least one.
    fn shape(&mut self) -> Shape {
        match self.own.map(|method| self.methods[method]) {
            Some(shape) if shape.locals + shape.arguments > 1 => shape,
            _ => Shape { locals: 2, arguments: 0 },
        }
    }

    fn constant(&mut self) {
        if self.random.one_in(20) {
            self.one(&[
                "PUSHINT64 9223372036854775807",
                "PUSHINT64 -9223372036854775808",
                "PUSHT",
                "PUSHF",
                "PUSHNULL",
            ]);
        } else {
            let value = self.random.below(40) as i64 - 8;
            self.line(&format!("PUSHINT8 {value}"));
        }
    }

    fn load(&mut self) {
        let Some(Shape { locals, arguments }) = self.own.map(|method| self.methods[method]) else {
            return self.one(&["LDLOC0", "LDLOC1"]);
        };
        match self.random.below(locals + arguments) {
            slot if slot < locals => self.line(&format!("LDLOC {slot}")),
            slot => self.line(&format!("LDARG {}", slot - locals)),
        }
    }

    fn expression(&mut self, depth: usize) {
        if depth > MAX_DEPTH {
            return if self.random.one_in(3) { self.constant() } else { self.load() };
        }
        match self.random.below(14) {
            0 => self.constant(),
            1 | 2 => self.load(),
            3..=6 => {
                self.expression(depth + 1);
                self.expression(depth + 1);
                self.one(&["ADD", "ADD", "SUB", "SUB", "MUL", "DIV", "MOD", "MIN", "MAX", "AND", "OR", "XOR"]);
            }
            7 => {
                self.expression(depth + 1);
                self.expression(depth + 1);
                self.one(&[
                    "LT",
                    "LE",
                    "GT",
                    "GE",
                    "NUMEQUAL",
                    "NUMNOTEQUAL",
                    "BOOLAND",
                    "BOOLOR",
                    "EQUAL",
                    "NOTEQUAL",
                ]);
            }
            8 => {
                self.expression(depth + 1);
                self.one(&["INC", "DEC", "NEGATE", "ABS", "SIGN", "NOT", "NZ", "INVERT"]);
            }
            9 => {
                self.expression(depth + 1);
                self.line("DUP");
                self.one(&[
                    "MUL\nPUSHINT16 1009\nMOD",
                    "ADD",
                    "OVER\nSWAP\nSUB\nADD",
                    "PUSH3\nSWAP\nROT\nSUB\nADD",
                    "TUCK\nNIP\nXOR",
                ]);
            }
            10 => {
                self.expression(depth + 1);
                self.one(&[
                    "PUSH2\nSHL",
                    "PUSH3\nSHR",
                    "PUSHM1\nPUSH9\nWITHIN",
                    "PUSH1\nPUSH2\nPUSH2\nPICK\nADD\nADD\nSWAP\nDROP",
                ]);
            }
            _ => {
                let method = self.random.below(self.methods.len());
                self.call(method, depth);
            }
        }
    }

    fn call(&mut self, method: usize, depth: usize) {
        // Upwards mostly, so that most calls end.
        let method = match self.own {
            Some(own) if method <= own && !self.random.one_in(20) => return self.load(),
            _ => method,
        };
        (0..self.methods[method].arguments).for_each(|_| self.expression(depth + 2));
        writeln!(self.text, "CALL_L m{method}").expect("memory");
    }
}

/// Returns limits that end an execution soon.
fn narrow(random: &mut Random) -> Limits {
    match random.below(4) {
        0 => Limits::DEFAULT.with_max_invocation_stack_size(1 + random.below(12) as u32),
        1 => Limits::DEFAULT.with_max_stack_size(2 + random.below(60) as u32),
        2 => Limits::DEFAULT.with_max_shift(random.below(3) as u32),
        _ => Limits::DEFAULT,
    }
}

#[test]
fn random_methods_are_called_alike() {
    let (mut tally, mut halted, seeds) = (Tally::default(), 0, if is_long() { 100_000 } else { 1_500 });
    let mut compilers: Vec<_> = Mode::COMPILED.map(|mode| (mode, Compiler::new(mode).expect("a compiler"))).into();
    for seed in 0..seeds {
        let mut random = Random::new(!seed);
        let mut program = calling(seed);
        let config = VmConfig::default().with_limits(narrow(&mut random));
        let mut plain = Runner::with(program.decode(), config.clone().with_dispatch(Dispatch::Unfused));
        if random.one_in(4) {
            program.start.gas_limit = random.below(1 + plain.end(program.start).gas as usize) as i64;
        }
        let expected = plain.end(program.start);
        halted += u64::from(expected.fault.is_none());
        let (mode, compiler) = &mut compilers[seed as usize % Mode::COMPILED.len()];
        let code = compiler.prepare(program.script.clone()).unwrap();
        let mut runner = Runner::with(Arc::clone(&code), config);
        for _ in 0..2 {
            let end = runner.end(program.start);
            assert_same(&program, &format!("{mode:?}, {:?}", runner.limits()), &expected, end, &mut runner);
            compiler.wait();
            tally.runs += 1;
        }
    }
    tally.entered = compilers.iter().map(|(_, compiler)| compiler.entered()).sum();
    let Tally { runs, entered } = tally;
    say(&format!(
        "random methods: {seeds} scripts, {runs} executions, {halted} halt, {entered} entries of compiled code"
    ));
    assert!(halted * 8 > seeds && entered > runs);
}

/// What a method does before it throws or aborts need not be compiled, and messages are not made.
#[test]
fn methods_that_check_stay_in_compiled_code() {
    let checks = [
        "JMPIF o\nPUSHDATA1 \"no\"\nTHROW\no: NOP",
        "JMPIF o\nPUSHDATA1 \"no\"\nLDARG0\nCAT\nABORTMSG\no: NOP",
        "JMPIF o\nABORT\no: NOP",
        "ASSERT",
        "PUSHDATA1 \"no\"\nASSERTMSG",
    ];
    for check in checks {
        for length in [0, 60] {
            let method = format!(
                "f: INITSLOT 0, 1\nLDARG0\nPUSH0\nGT\n{check}\nLDARG0\nINC\n{}RET",
                "INC\nDEC\n".repeat(length)
            );
            let exits = left("LDLOC1\nCALL f\nLDLOC0\nADD\nSTLOC0", &method);
            let all: u64 = exits.iter().map(|&(_, times)| times).sum();
            assert!(all > 0 && all < 600, "{method}: {exits:?}");
        }
    }
}

/// In the last turn a check fails, in a method that is inlined and in one that is called.
#[test]
fn checks_of_methods_fail_as_interpreted() {
    let (mut modes, mut tally) = (Modes::all(), Tally::default());
    let fails = ["PUSHDATA1 \"no\"\nTHROW", "PUSH1\nPACK\nTHROW", "ABORT", "PUSHDATA1 0xff\nABORTMSG"];
    let checks = fails.iter().map(|fails| format!("JMPIF o\n{fails}\no: NOP"));
    let asserts = ["ASSERT", "PUSHDATA1 \"no\"\nASSERTMSG", "PUSHDATA1 0xff\nASSERTMSG", "LDARG0\nASSERTMSG"];
    for check in checks.chain(asserts.map(str::to_owned)) {
        for (caught, length) in [(false, 0), (false, 60), (true, 0), (true, 60)] {
            let call = match caught {
                true => "TRY c, -\nPUSH7\nLDLOC0\nCALL f\nADD\nENDTRY e\nc: ENDTRY e\ne: NOP",
                false => "PUSH7\nLDLOC0\nCALL f\nADD",
            };
            let text = format!(
                "INITSLOT 1, 0\nPUSHINT8 40\nSTLOC0\nn: {call}\nDROP\nLDLOC0\nDEC\nDUP\nSTLOC0\nPUSHM1\nJMPGT n\nRET
                 f: INITSLOT 1, 1\nLDARG0\nDUP\nPUSH0\nGT\n{check}\nINC\n{}RET",
                "INC\nDEC\n".repeat(length)
            );
            modes.check(&Program::new(format!("{check}, {caught}"), assemble(&text).unwrap()), &mut tally);
        }
    }
    assert!(tally.entered > tally.runs, "{} of {}", tally.entered, tally.runs);
}

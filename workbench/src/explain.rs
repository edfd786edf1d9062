//! What a script does, in words: the calls of a transaction's script, and what a
//! verification script demands.

use std::{collections::HashSet, rc::Rc};

use neovm::{
    Hash160, OpCode, Script, StackItem,
    chain::contract,
    host::{
        native,
        syscalls::{self, Syscall},
    },
    types::{Buffer, CallFlags, Instruction, ItemType, manifest::ParameterType, manifest::PublicKey},
};
use serde_json::{Value as Json, json};

use crate::{
    show::{self, push},
    trace::instruction,
};

/// The longest stack that is followed, and the most items that a value consists of.
const MAX_ITEMS: usize = 2048;

/// The most items that all arguments consist of. A script that packs and copies reaches
/// any number.
const MAX_ARGUMENTS: usize = 1 << 16;

/// What a script does, as far as it is a sequence of calls with fixed arguments.
///
/// ```
/// use neovm::types::{CallFlags, ScriptBuilder};
/// use neovm_workbench::Explanation;
///
/// let gas = "0xd2a4cff31913016155e38e474a2c06d08be276cf".parse()?;
/// let script = ScriptBuilder::new().dynamic_call(gas, "decimals", CallFlags::READ_ONLY, &[]).build()?;
/// assert_eq!(
///     Explanation::of(&script).to_string(),
///     "1  calls GasToken.decimals(), with the flags ReadOnly\n   leaves the result of 1\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Explanation {
    deeds: Vec<Deed>,
    /// What is on the stack at the end, the top last.
    left: Vec<Operand>,
}

#[derive(Clone, Debug)]
enum Deed {
    Call {
        number: usize,
        hash: Hash160,
        method: String,
        flags: CallFlags,
        arguments: Rc<[Operand]>,
    },
    Syscall {
        number: usize,
        syscall: &'static Syscall,
        arguments: Rc<[Operand]>,
    },
    Assert(Operand),
    /// A verification script of a key.
    Signature(PublicKey),
    /// A verification script of several keys.
    Multisig {
        required: usize,
        keys: Vec<PublicKey>,
    },
    /// From here on the script is more than calls with fixed arguments.
    Other {
        position: usize,
        text: String,
    },
}

/// A value that is known when the script is read.
#[derive(Clone, Debug)]
enum Operand {
    Item(StackItem),
    /// The items, and how many there are with those that lie in them.
    List(Rc<[Operand]>, usize),
    /// The entries of a map, with keys that differ, and how many items they consist of.
    Map(Rc<[(StackItem, Operand)]>, usize),
    /// The result of the call with this number.
    Result(usize),
}

impl Explanation {
    /// Reads a script.
    pub fn of(script: &Script) -> Self {
        if let Some(deed) = verification(script) {
            return Self { deeds: vec![deed], left: Vec::new() };
        }
        let mut reader = Reader::default();
        for (position, read) in script.instructions() {
            let done = read.ok().and_then(|read| reader.read(&read));
            match done {
                Some(false) => {}
                Some(true) => break,
                None => {
                    reader.deeds.push(Deed::Other { position, text: instruction(script, position) });
                    reader.stack.clear();
                    break;
                }
            }
        }
        Self { deeds: reader.deeds, left: reader.stack }
    }

    /// Returns the explanation as a list of objects, each with the field `call`,
    /// `syscall`, `assert`, `signature`, `multisig` or `other`, and at last `left`, what
    /// is on the stack at the end.
    pub fn json(&self) -> Json {
        let mut list: Vec<Json> = self.deeds.iter().map(deed_json).collect();
        if !self.left.is_empty() {
            list.push(json!({"left": self.left.iter().map(Operand::text).collect::<Vec<_>>()}));
        }
        list.into()
    }
}

fn verification(script: &Script) -> Option<Deed> {
    if let Some(key) = contract::signature_contract(script.bytes()) {
        return PublicKey::from_bytes(key).ok().map(Deed::Signature);
    }
    let multisig = contract::multisig_contract(script.bytes())?;
    Some(Deed::Multisig { required: multisig.required, keys: multisig.public_keys()? })
}

/// Follows the stack as far as its values are known.
#[derive(Default)]
struct Reader {
    stack: Vec<Operand>,
    deeds: Vec<Deed>,
    calls: usize,
    /// The items of all arguments so far.
    arguments: usize,
}

impl Reader {
    /// Takes note of an instruction. Returns whether the script ends with it; none if it
    /// cannot be followed.
    fn read(&mut self, instruction: &Instruction<'_>) -> Option<bool> {
        use OpCode::{
            ABORT, ASSERT, CONVERT, DROP, DUP, NEWARRAY0, NEWMAP, NEWSTRUCT0, NOP, PACK, PACKMAP, PACKSTRUCT, RET,
            REVERSE3, REVERSE4, SWAP, SYSCALL,
        };
        match instruction.opcode {
            RET => return Some(true),
            ABORT => return None,
            NOP => {}
            ASSERT => {
                let asserted = self.stack.pop()?;
                self.deeds.push(Deed::Assert(asserted));
            }
            DROP => drop(self.stack.pop()?),
            DUP => self.push(self.stack.last()?.clone())?,
            SWAP => self.reverse(2)?,
            REVERSE3 => self.reverse(3)?,
            REVERSE4 => self.reverse(4)?,
            NEWARRAY0 | NEWSTRUCT0 => self.push_list(Vec::new())?,
            PACK | PACKSTRUCT => {
                let count = usize::try_from(self.pop_number()?).ok().filter(|count| *count <= self.stack.len())?;
                let mut items = self.stack.split_off(self.stack.len() - count);
                items.reverse();
                self.push_list(items)?;
            }
            NEWMAP => self.push_map(0)?,
            PACKMAP => {
                let count = usize::try_from(self.pop_number()?).ok()?;
                self.push_map(count)?;
            }
            CONVERT if instruction.operand == [ItemType::Buffer as u8] => {
                let bytes = self.pop_bytes()?;
                self.push(Operand::Item(StackItem::Buffer(Buffer::new(&bytes))))?;
            }
            SYSCALL => self.syscall(u32::from_le_bytes(instruction.operand.try_into().ok()?))?,
            _ => self.push(Operand::Item(constant(instruction)?))?,
        }
        Some(false)
    }

    fn push(&mut self, operand: Operand) -> Option<()> {
        (self.stack.len() < MAX_ITEMS).then(|| self.stack.push(operand))
    }

    fn push_list(&mut self, items: Vec<Operand>) -> Option<()> {
        let size = 1 + items.iter().map(Operand::size).sum::<usize>();
        if size > MAX_ITEMS { None } else { self.push(Operand::List(items.into(), size)) }
    }

    /// Makes a map of as many keys, each above its value.
    fn push_map(&mut self, count: usize) -> Option<()> {
        let (mut entries, mut seen, mut size) = (Vec::new(), HashSet::new(), 1);
        for _ in 0..count {
            let (key, value) = (self.pop_item()?, self.stack.pop()?);
            // One key may be there twice; which value counts is a matter of the machine.
            let identity = (key.item_type(), key.with_bytes(<[u8]>::to_vec).ok()?);
            if !seen.insert(identity) {
                return None;
            }
            size += 1 + value.size();
            entries.push((key, value));
        }
        if size > MAX_ITEMS { None } else { self.push(Operand::Map(entries.into(), size)) }
    }

    fn pop_item(&mut self) -> Option<StackItem> {
        if let Operand::Item(item) = self.stack.pop()? { Some(item) } else { None }
    }

    fn pop_number(&mut self) -> Option<i32> {
        self.pop_item()?.to_i32().ok()
    }

    fn pop_bytes(&mut self) -> Option<Vec<u8>> {
        self.pop_item()?.with_bytes(<[u8]>::to_vec).ok()
    }

    fn reverse(&mut self, count: usize) -> Option<()> {
        let start = self.stack.len().checked_sub(count)?;
        self.stack[start..].reverse();
        Some(())
    }

    fn syscall(&mut self, id: u32) -> Option<()> {
        let syscall = syscalls::find(id)?;
        let number = self.calls + 1;
        let (deed, returns) = if syscall.name == "System.Contract.Call" {
            let hash = Hash160(self.pop_bytes()?.try_into().ok()?);
            let method = String::from_utf8(self.pop_bytes()?).ok()?;
            let flags = CallFlags::from_bits(u8::try_from(self.pop_number()?).ok()?)?;
            let Operand::List(arguments, _) = self.stack.pop()? else { return None };
            (Deed::Call { number, hash, method, flags, arguments }, true)
        } else {
            let arguments = syscall.parameters.iter().map(|_| self.stack.pop()).collect::<Option<Rc<[_]>>>()?;
            (Deed::Syscall { number, syscall, arguments }, syscall.returns != ParameterType::Void)
        };
        if let Deed::Call { arguments, .. } | Deed::Syscall { arguments, .. } = &deed {
            self.arguments += arguments.iter().map(Operand::size).sum::<usize>();
        }
        if self.arguments > MAX_ARGUMENTS {
            return None;
        }
        self.calls = number;
        self.deeds.push(deed);
        if returns { self.push(Operand::Result(number)) } else { Some(()) }
    }
}

/// The item that an instruction pushes, whatever the stack.
fn constant(instruction: &Instruction<'_>) -> Option<StackItem> {
    use OpCode::{
        PUSH0, PUSH16, PUSHDATA1, PUSHDATA2, PUSHDATA4, PUSHF, PUSHINT8, PUSHINT256, PUSHM1, PUSHNULL, PUSHT,
    };
    let opcode = instruction.opcode;
    Some(match opcode {
        PUSHNULL => StackItem::Null,
        PUSHT => true.into(),
        PUSHF => false.into(),
        PUSHM1 => (-1).into(),
        PUSHDATA1 | PUSHDATA2 | PUSHDATA4 => instruction.operand.into(),
        _ if (PUSH0..=PUSH16).contains(&opcode) => (i32::from(opcode as u8) - i32::from(PUSH0 as u8)).into(),
        _ if (PUSHINT8..=PUSHINT256).contains(&opcode) => {
            StackItem::from(instruction.operand).to_integer().ok()?.into()
        }
        _ => return None,
    })
}

/// The parameters of a method, as far as they are known: of native contracts, and of
/// what the standards for tokens define.
fn parameters(hash: Hash160, method: &str, count: usize) -> Option<&'static [(&'static str, ParameterType)]> {
    let find = |native: &'static native::NativeContract| {
        let fits = |known: &&native::Method| known.name == method && known.parameters.len() == count;
        native.methods.iter().find(fits).map(|known| known.parameters)
    };
    match native::find(hash) {
        Some(native) => find(native),
        // Every fungible token has these methods, as GAS does.
        None => find(native::NATIVES.into_iter().find(|native| native.name == "GasToken")?),
    }
}

/// The name of a native contract, or the hash of another one.
fn contract_name(hash: Hash160) -> String {
    native::find(hash).map_or_else(|| hash.to_string(), |native| native.name.into())
}

impl Operand {
    fn size(&self) -> usize {
        if let Self::List(_, size) | Self::Map(_, size) = self { *size } else { 1 }
    }

    fn text(&self) -> String {
        self.text_of(None)
    }

    fn text_of(&self, wanted: Option<ParameterType>) -> String {
        match self {
            Self::Item(item) => wanted.map_or_else(|| show::item(item), |wanted| show::brief(item, wanted)),
            Self::Result(number) => format!("the result of {number}"),
            Self::List(items, _) => {
                format!("[{}]", items.iter().map(Self::text).collect::<Vec<_>>().join(", "))
            }
            Self::Map(entries, _) => {
                let entry = |(key, value): &(StackItem, Self)| format!("{}: {}", show::item(key), value.text());
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// Arguments with the names and in the notation of parameters, if these are known.
fn arguments_text(arguments: &[Operand], known: Option<&[(&str, ParameterType)]>) -> String {
    let one = |(i, argument): (usize, &Operand)| match known.and_then(|known| known.get(i)) {
        Some((name, wanted)) => format!("{name} = {}", argument.text_of(Some(*wanted))),
        None => argument.text(),
    };
    arguments.iter().enumerate().map(one).collect::<Vec<_>>().join(", ")
}

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for deed in &self.deeds {
            f.write_str(&deed_text(deed))?;
        }
        for operand in &self.left {
            writeln!(f, "   leaves {}", operand.text())?;
        }
        Ok(())
    }
}

fn deed_text(deed: &Deed) -> String {
    match deed {
        Deed::Call { number, hash, method, flags, arguments } => {
            let list = arguments_text(arguments, parameters(*hash, method, arguments.len()));
            let with = if *flags == CallFlags::ALL { String::new() } else { format!(", with the flags {flags}") };
            format!("{number:<2} calls {}.{}({list}){with}\n", contract_name(*hash), method.escape_debug())
        }
        Deed::Syscall { number, syscall, arguments } => {
            format!("{number:<2} does {}({})\n", syscall.name, arguments_text(arguments, Some(syscall.parameters)))
        }
        Deed::Assert(operand) => format!("   fails unless {} is true\n", operand.text()),
        Deed::Signature(key) => format!("   needs a signature of the key {key}\n"),
        Deed::Multisig { required, keys } => {
            let mut text = format!("   needs signatures of {required} of {}\n", show::count(keys.len() as u64, "key"));
            keys.iter().for_each(|key| push(&mut text, format_args!("     {key}\n")));
            text
        }
        Deed::Other { position, text } => {
            format!("   goes on at byte {position} with {text}, which is more than a call with fixed arguments\n")
        }
    }
}

fn deed_json(deed: &Deed) -> Json {
    let arguments_json = |arguments: &[Operand], known: Option<&[(&str, ParameterType)]>| -> Json {
        let one = |(i, argument): (usize, &Operand)| match known.and_then(|known| known.get(i)) {
            Some((name, wanted)) => {
                json!({"name": name, "type": wanted.name(), "value": argument.text_of(Some(*wanted))})
            }
            None => json!({"value": argument.text()}),
        };
        arguments.iter().enumerate().map(one).collect()
    };
    match deed {
        Deed::Call { number, hash, method, flags, arguments } => json!({"call": {
            "number": number,
            "contract": hash.to_string(),
            "name": native::find(*hash).map(|native| native.name),
            "method": method,
            "flags": flags.to_string(),
            "arguments": arguments_json(arguments, parameters(*hash, method, arguments.len())),
        }}),
        Deed::Syscall { number, syscall, arguments } => json!({"syscall": {
            "number": number,
            "name": syscall.name,
            "arguments": arguments_json(arguments, Some(syscall.parameters)),
        }}),
        Deed::Assert(operand) => json!({"assert": operand.text()}),
        Deed::Signature(key) => json!({"signature": {"key": key.to_string()}}),
        Deed::Multisig { required, keys } => {
            json!({"multisig": {"required": required, "keys": keys.iter().map(ToString::to_string).collect::<Vec<_>>()}})
        }
        Deed::Other { position, text } => json!({"other": {"position": position, "instruction": text}}),
    }
}

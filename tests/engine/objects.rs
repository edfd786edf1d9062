//! Objects of the host that act when they are dropped: whenever a machine drops one, all else
//! that the host can reach stays in order.

use std::{cell::Cell, rc::Rc};

use neovm::{
    Caller, FaultKind, Host, HostError, LoadOptions, Outcome, RunOptions, StackItem, VmConfig,
    types::item::{Array, Buffer, Interop, Map},
};

use crate::{code, loaded};

/// What all objects reach.
#[derive(Clone)]
struct Reached {
    array: Array,
    map: Map,
    buffer: Buffer,
    dropped: Rc<Cell<u32>>,
}

impl Reached {
    /// Uses everything in each way that safe code can. A machine may refuse changes.
    fn use_all(&self) {
        self.dropped.set(self.dropped.get() + 1);
        let _ = self.array.reverse();
        let _ = self.array.push(StackItem::array([self.dropped.get().into()]));
        let _ = (self.array.set(0, 5.into()), self.array.remove(1), self.map.insert(1.into(), 2.into()));
        let _ = (self.map.remove(&2.into()), self.array.get(0), self.map.to_vec(), self.map.keys());
        self.array.for_each(|item| drop(item.to_json()));
        self.buffer.set(0, self.dropped.get() as u8);
        self.buffer.reverse();
        let _ = (self.array.clear(), self.map.clear());
    }
}

struct Object(Reached);

impl Drop for Object {
    fn drop(&mut self) {
        self.0.use_all();
    }
}

/// System call 1 pushes a new object; 2 the array, 3 the map and 4 the buffer that objects reach;
/// 5 throws an object.
struct Objects(Reached);

impl Objects {
    fn object(&self) -> StackItem {
        StackItem::Interop(Interop::new(Object(self.0.clone())))
    }
}

impl Host for Objects {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        match id {
            1 => caller.push(self.object()),
            2 => caller.push(StackItem::Array(self.0.array.clone())),
            3 => caller.push(StackItem::Map(self.0.map.clone())),
            4 => caller.push(StackItem::Buffer(self.0.buffer.clone())),
            5 => return Err(HostError::Throw(self.object())),
            _ => return Err(FaultKind::NoSyscall(id).into()),
        }
        Ok(())
    }
}

const NEW: &str = "SYSCALL 0x01000000";
const ARRAY: &str = "SYSCALL 0x02000000";
const MAP: &str = "SYSCALL 0x03000000";
const BUFFER: &str = "SYSCALL 0x04000000";
const THROW: &str = "SYSCALL 0x05000000";

/// Ways in which a script drops an object; each leaves the stack as it was.
fn drops() -> Vec<String> {
    vec![
        format!("{NEW}\nDROP"),
        format!("{NEW}\nPUSH1\nNIP\nDROP"),
        format!("{NEW}\nPUSH1\nPUSH1\nXDROP\nDROP"),
        format!("{NEW}\nSTLOC0\nPUSH1\nSTLOC0"),
        format!("{NEW}\nSTSFLD0\nPUSHNULL\nSTSFLD0"),
        format!("{NEW}\nCALL drop"),
        format!("{NEW}\nISNULL\nDROP"),
        format!("{ARRAY}\nDUP\n{NEW}\nAPPEND\nDUP\n{NEW}\nAPPEND\nDUP\nPUSH0\nPUSH1\nSETITEM\nDUP\nCLEARITEMS\nDROP"),
        format!("{ARRAY}\nDUP\n{NEW}\nAPPEND\nDUP\nPOPITEM\nDROP\nDUP\n{NEW}\nAPPEND\nDUP\nPUSH0\nREMOVE\nDROP"),
        format!("{ARRAY}\nDUP\nDUP\nAPPEND\nDUP\n{NEW}\nAPPEND\nDROP"),
        format!("{MAP}\nDUP\nPUSH2\n{NEW}\nSETITEM\nDUP\nPUSH2\n{NEW}\nSETITEM\nDUP\nPUSH2\nREMOVE\nDROP"),
        format!("{MAP}\nDUP\nPUSH3\n{NEW}\nSETITEM\nDUP\n{ARRAY}\nPUSH4\nSWAP\nSETITEM\nDUP\nCLEARITEMS\nDROP"),
        format!("{NEW}\n{NEW}\nPUSH2\nPACK\nUNPACK\nDROP\nDROP\nDROP"),
        format!("{NEW}\n{NEW}\nPUSH2\nPACKSTRUCT\nDUP\nAPPEND"),
        format!("NEWARRAY0\nDUP\nDUP\nAPPEND\nDUP\n{NEW}\nAPPEND\nDUP\n{ARRAY}\nAPPEND\nDROP"),
        format!("{BUFFER}\nPUSH0\n{NEW}\nDROP\nPUSH7\nSETITEM\n{BUFFER}\nREVERSEITEMS"),
        format!("{BUFFER}\nPUSH0\n{BUFFER}\nPUSH1\nPUSH2\nMEMCPY\n{BUFFER}\n{NEW}\nEQUAL\nDROP"),
        format!("TRY thrown, -\n{NEW}\nTHROW\nthrown: DROP\nENDTRY after\nafter: NOP"),
        format!("TRY thrown, -\n{THROW}\nthrown: DROP\nENDTRY after\nafter: NOP"),
        format!("TRY -, finally\n{NEW}\n{NEW}\nDROP\nDROP\nENDTRY after\nfinally: {NEW}\nDROP\nENDFINALLY\nafter: NOP"),
    ]
}

fn host() -> Objects {
    let array = Array::new(vec![StackItem::array([]), 1.into()]);
    Objects(Reached { array, map: Map::new(), buffer: Buffer::new(&[1, 2, 3]), dropped: Rc::default() })
}

#[test]
fn objects_may_act_when_they_are_dropped() {
    for body in drops() {
        let text = format!(
            "INITSSLOT 1\nINITSLOT 2, 0\nPUSHINT8 60\nSTLOC1\nnext: {body}\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF_L next\nRET\n\
             drop: INITSLOT 1, 1\nLDARG0\nSTLOC0\nRET"
        );
        let mut host = host();
        let mut vm = loaded(&code(&text), VmConfig::default());
        // Whether it halts depends on what the objects do to the array; it does not matter here.
        vm.run(&mut host);
        vm.reset(RunOptions::default(), &mut host);
        vm.load(code("PUSH3\nRET"), LoadOptions::default()).unwrap();
        assert_eq!((vm.run(&mut host), vm.reference_count()), (Outcome::Halt, 1), "{text}");
        assert!(host.0.array.push(1.into()).is_ok(), "nobody counts it any more: {text}");
        // References that the objects and the array hold to each other are theirs to break.
        let _ = (host.0.array.clear(), host.0.map.clear());
        assert!(host.0.dropped.get() > 0, "{text}");
    }
}

#[test]
fn objects_may_act_when_a_machine_ends() {
    let text = format!(
        "INITSSLOT 1\nINITSLOT 1, 0\n{NEW}\nSTSFLD0\n{NEW}\nSTLOC0\nNEWARRAY0\nDUP\nDUP\nAPPEND\nDUP\n{NEW}\nAPPEND\n\
         NEWMAP\nDUP\nPUSH1\n{NEW}\nSETITEM\n{NEW}\n{ARRAY}\n{MAP}\n{BUFFER}"
    );
    for end in ["ABORT", "RET", THROW, "PUSH1\nTHROW"] {
        for reset in [true, false] {
            let mut host = host();
            let mut vm = loaded(&code(&format!("{text}\n{end}")), VmConfig::default());
            vm.run(&mut host);
            if reset {
                vm.reset(RunOptions::default(), &mut host);
            } else {
                drop(vm);
            }
            assert!(host.0.dropped.get() >= 5, "{end}: {}", host.0.dropped.get());
        }
    }
}

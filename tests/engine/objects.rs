//! Objects of the host that act when they are dropped: whenever a machine drops one, all else
//! that the host can reach stays in order. And items that the host is reading while a machine runs.

use std::{cell::Cell, rc::Rc};

use neovm::{
    Caller, FaultKind, Host, HostError, LoadOptions, Outcome, RunOptions, StackItem, VmConfig,
    types::item::{Array, Buffer, Interop, Map},
};

use crate::{code, fault, json, loaded};

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
        let _ = (self.buffer.set(0, self.dropped.get() as u8), self.buffer.reverse());
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

/// System call 1 pushes a copy of an item the first time, and then the item itself.
struct CopyFirst {
    item: StackItem,
    calls: u32,
}

impl Host for CopyFirst {
    fn syscall(&mut self, caller: &mut Caller<'_>, _: u32) -> Result<(), HostError> {
        self.calls += 1;
        match self.calls {
            1 => caller.push(self.item.deep_copy(false)),
            2 => caller.push(self.item.clone()),
            _ => return Err(FaultKind::Host("the change did not fault".into()).into()),
        }
        Ok(())
    }
}

/// Calls a function once while the host is reading an item.
fn while_reading(item: &StackItem, f: impl FnOnce()) {
    let mut f = Some(f);
    let mut once = || f.take().into_iter().for_each(|f| f());
    match item {
        StackItem::Array(array) | StackItem::Struct(array) => array.for_each(|_| once()),
        StackItem::Map(map) => map.for_each(|_| once()),
        StackItem::Buffer(buffer) => buffer.with(|_| once()),
        item => panic!("{item:?} cannot change"),
    }
    assert!(f.is_none(), "the item has something to read");
}

/// Checks that a script cannot change an item which the host is reading. The script changes a copy
/// of the item in a loop first, so that what changes the item is compiled code.
fn refused(item: &StackItem, change: &str) {
    // Behind NOP, so that compiled code is entered where the loop begins.
    let code = code(&format!(
        "INITSLOT 2, 0\nagain: SYSCALL 0x01000000\nSTLOC0\nPUSHINT8 30\nSTLOC1\nNOP\nnext: LDLOC0\n{change}\n\
         LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF next\nJMP again"
    ));
    let before = json([item]);
    while_reading(item, || {
        let mut host = CopyFirst { item: item.clone(), calls: 0 };
        let mut vm = loaded(&code, VmConfig::default());
        let FaultKind::Host(message) = fault(vm.run(&mut host)) else { panic!("{change}: the host's fault") };
        assert_eq!((&*message, host.calls), ("the host is reading the item", 2), "{change}");
        // The machine lets go of the item while the host is still reading it.
        drop((vm, host));
        assert_eq!(json([item]), before, "{change}");
    });
    assert_eq!(json([item]), before, "{change}");
    let mut vm = loaded(&code, VmConfig::default());
    let mut host = CopyFirst { item: item.clone(), calls: 1 };
    let message = fault(vm.run(&mut host)).to_string();
    assert_eq!(message, "the change did not fault", "nobody is reading the item any more: {change}");
}

#[test]
fn machines_do_not_change_what_the_host_looks_at() {
    let items = || (0..40).map(StackItem::from).chain([StackItem::array([])]).collect::<Vec<_>>();
    let changes = [
        "PUSH0\nPUSH7\nSETITEM",
        "PUSH0\nPUSHDATA1 \"seven\"\nSETITEM",
        "PUSH0\nNEWMAP\nSETITEM",
        "PUSH7\nAPPEND",
        "NEWARRAY0\nAPPEND",
        "PUSH0\nREMOVE",
        "POPITEM\nDROP",
        "REVERSEITEMS",
        "CLEARITEMS",
    ];
    for change in changes {
        refused(&StackItem::array(items()), change);
        refused(&StackItem::structure(items()), change);
    }
    // The 31st turn leaves something to change for the last run.
    let map = || {
        let map = Map::new();
        (0..60).for_each(|key| drop(map.insert(key.into(), StackItem::from(key)).unwrap()));
        StackItem::Map(map)
    };
    let changes = [
        "PUSH1\nPUSH7\nSETITEM",
        "PUSH1\nLDLOC1\nSETITEM",
        "PUSH1\nNEWARRAY0\nSETITEM",
        "LDLOC1\nPUSHINT8 100\nADD\nPUSH7\nSETITEM",
        "LDLOC1\nREMOVE",
        "CLEARITEMS",
    ];
    for change in changes {
        refused(&map(), change);
    }
    let changes = [
        "PUSH0\nPUSH7\nSETITEM",
        "PUSH0\nLDLOC1\nSETITEM",
        "REVERSEITEMS",
        "PUSH0\nPUSHDATA1 \"ab\"\nPUSH0\nPUSH2\nMEMCPY",
        "PUSH0\nLDLOC0\nPUSH1\nPUSH2\nMEMCPY",
    ];
    for change in changes {
        refused(&StackItem::buffer(b"changed"), change);
    }
}

#[test]
fn what_the_host_reads_is_not_freed() {
    let inner = |item: i64| StackItem::array([StackItem::array([item.into()])]);
    let outer = Array::new(vec![inner(1), inner(2)]);
    let item = StackItem::Array(outer.clone());
    let mut seen = 0;
    outer.for_each(|child| {
        while_reading(child, || {
            for change in ["CLEARITEMS", "PUSH0\nPUSH0\nSETITEM", "PUSH0\nREMOVE", "POPITEM\nDROP"] {
                let mut host = CopyFirst { item: item.clone(), calls: 1 };
                let mut vm = loaded(&code(&format!("SYSCALL 0x01000000\n{change}")), VmConfig::default());
                assert!(matches!(fault(vm.run(&mut host)), FaultKind::Host(_)), "{change}");
            }
            // What the outer array holds may go where the host is not reading it: here, it is.
            let mut host = CopyFirst { item: child.clone(), calls: 1 };
            let mut vm = loaded(&code("SYSCALL 0x01000000\nCLEARITEMS"), VmConfig::default());
            assert!(matches!(fault(vm.run(&mut host)), FaultKind::Host(_)));
        });
        seen += 1;
        assert_eq!(json([child]), json([&inner(seen)]));
    });
    drop(item);
    assert_eq!((seen, outer.clear().map(|items| items.len())), (2, Ok(2)));
}

#[test]
fn a_read_ends_when_the_host_panics() {
    let items = [StackItem::array([1.into()]), StackItem::buffer(b"1"), {
        let map = Map::new();
        map.insert(1.into(), 1.into()).unwrap();
        StackItem::Map(map)
    }];
    for item in items {
        let read = || while_reading(&item, || panic!("while it reads"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).is_err());
        let text = if matches!(item, StackItem::Buffer(_)) { "REVERSEITEMS" } else { "CLEARITEMS" };
        let mut vm = loaded(&code(&format!("SYSCALL 0x01000000\n{text}")), VmConfig::default());
        assert_eq!(vm.run(&mut CopyFirst { item, calls: 1 }), Outcome::Halt);
    }
}

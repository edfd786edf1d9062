using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;

namespace Neovm.Tests
{
    using Members = Dictionary<string, object>;

    /// <summary>Outcomes that were recorded of the reference node, over storage that C# serves.</summary>
    static class Cases
    {
        /// <summary>A network behind its genesis block, and what the recorded lines defined.</summary>
        sealed class World
        {
            internal readonly Engine Engine;
            internal readonly Dictionary<string, byte[]> Headers = new Dictionary<string, byte[]>();
            internal readonly Dictionary<string, List<object>> Changes = new Dictionary<string, List<object>>();
            internal MemoryStorage Genesis;
            string prepared;
            MemoryStorage state;

            internal World(string settings)
            {
                Engine = new Engine(new EngineOptions { Network = settings, Compile = Compile.Foreground });
            }

            /// <summary>The state behind recorded cases, whose ids are given.</summary>
            internal MemoryStorage After(List<object> cases)
            {
                var name = string.Join(" ", cases);
                if (prepared == name)
                    return state;
                state = Genesis.Copy();
                foreach (var id in cases)
                    foreach (Members change in Changes.ContainsKey((string)id) ? Changes[(string)id] : new List<object>())
                        state[Hex.Bytes((string)change["key"])] =
                            (string)change["op"] == "delete" ? null : Hex.Bytes((string)change["value"]);
                prepared = name;
                return state;
            }
        }

        static readonly Dictionary<int, string> opcodes = new Dictionary<int, string>();

        [Test]
        static void TheRecordedCasesDoNotDiffer()
        {
            ReadOpcodes();
            var worlds = new Dictionary<string, World>();
            var differences = new List<string>();
            int count = 0;
            using (var file = File.OpenRead(Runner.PathOf("tests/data/host-cases.jsonl.gz")))
            using (var lines = new StreamReader(new GZipStream(file, CompressionMode.Decompress)))
                for (var text = lines.ReadLine(); text != null; text = lines.ReadLine())
                {
                    var line = (Members)Json.Parse(text);
                    if ((string)line["kind"] == "settings")
                        worlds[(string)line["name"]] = new World(text);
                    else if (Check(worlds[(string)line["settings"]], line, differences))
                        count++;
                }
            foreach (var world in worlds.Values)
                world.Engine.Dispose();
            Console.WriteLine("        {0} recorded cases, {1} differ", count, differences.Count);
            Assert.True(differences.Count == 0, string.Join("\n", differences.Take(10)));
            Assert.True(count > 3500, count + " cases");
        }

        /// <summary>Looks at a line; returns whether it was one that is compared.</summary>
        static bool Check(World world, Members line, List<string> differences)
        {
            string difference;
            switch ((string)line["kind"])
            {
                case "block":
                    world.Headers[(string)line["name"]] = Hex.Bytes((string)line["headerHex"]);
                    return false;
                case "genesisState":
                    difference = GenesisState(world, line);
                    break;
                case "case":
                    difference = Json.Difference(Compared((Members)line["outcome"]), Case(world, line));
                    if (((Members)line["outcome"]).ContainsKey("changes"))
                        world.Changes[(string)line["id"]] = (List<object>)((Members)line["outcome"])["changes"];
                    break;
                case "verify":
                    difference = Json.Difference(new List<object> { line["ok"], line["fee"] }, Verify(world, line));
                    break;
                default:
                    return false;
            }
            if (difference != null)
                differences.Add(line["kind"] + " " + (line.ContainsKey("id") ? line["id"] : line["settings"]) + difference);
            return true;
        }

        static void ReadOpcodes()
        {
            foreach (var line in File.ReadAllLines(Runner.PathOf("docs/opcodes.md")))
            {
                var cells = line.Split('|').Select(cell => cell.Trim()).ToArray();
                byte code;
                if (cells.Length > 3 && byte.TryParse(cells[1], System.Globalization.NumberStyles.HexNumber, null, out code))
                    opcodes[code] = cells[2];
            }
            Assert.Equal(196, opcodes.Count, "opcodes:");
        }

        static string GenesisState(World world, Members line)
        {
            world.Genesis = Chain.Genesis(world.Engine, new Job { Block = world.Headers["genesis"] });
            var made = world.Genesis.Entries.ToDictionary(entry => Hex.Of(entry.Key), entry => (object)Hex.Of(entry.Value));
            return Json.Difference(line["storage"], made);
        }

        static Members Case(World world, Members line)
        {
            var state = world.After((List<object>)line["pre"]);
            var transaction = line["tx"] as Members;
            var block = line["block"] as string;
            byte[] header = null;
            if (block != null && !world.Headers.TryGetValue(block, out header))
                header = Hex.Bytes(block);
            var container = (string)line["container"];
            var receipt = new Executor(world.Engine, state).Run(new Job
            {
                Gas = (long)(decimal)line["gas"],
                Trigger = (Trigger)Enum.Parse(typeof(Trigger), (string)line["trigger"]),
                Container = container == "tx" ? Container.Default : container == "block" ? Container.Block : Container.None,
                Script = Hex.Bytes((string)line["script"]),
                CallFlags = (CallFlags)(byte)(decimal)line["callFlags"],
                Transaction = transaction == null ? null : Hex.Bytes((string)transaction["raw"]),
                Block = header,
            });
            return Recorded(receipt, state);
        }

        static List<object> Verify(World world, Members line)
        {
            var receipt = new Executor(world.Engine, world.After((List<object>)line["pre"])).Run(new Job
            {
                Gas = (long)(decimal)line["datoshi"],
                Trigger = Trigger.Verification,
                Transaction = Hex.Bytes((string)((Members)line["tx"])["raw"]),
                Witness = new Witness
                {
                    Account = Hex.Bytes(((string)line["hash"]).Substring(2)).Reverse().ToArray(),
                    Invocation = Hex.Bytes((string)line["invocation"]),
                    Verification = Hex.Bytes((string)line["verification"]),
                },
            });
            bool isRight = receipt.Outcome == Outcome.Halt && receipt.Stack.Count == 1 && receipt.Stack[0].IsTrue;
            return new List<object> { isRight, isRight ? (object)(decimal)receipt.Gas : null };
        }

        /// <summary>A receipt in the form of the recorded outcomes.</summary>
        static Members Recorded(Receipt receipt, MemoryStorage state)
        {
            var outcome = new Members
            {
                { "state", receipt.Outcome == Outcome.Halt ? "HALT" : receipt.Outcome == Outcome.Fault ? "FAULT" : "?" },
                { "gasDatoshi", (decimal)receipt.Gas },
                { "gasPico", receipt.GasPico.ToString() },
                { "stack", receipt.Stack.Select(it => Item(it, new List<StackItem>())).ToList() },
                {
                    "notifications", receipt.Notifications.Select(it => (object)new Members
                    {
                        { "contract", Hex.Hash(it.Contract) }, { "event", it.Event }, { "state", Item(it.State, new List<StackItem>()) },
                    }).ToList()
                },
                {
                    "logs", receipt.Logs.Select(it => (object)new Members
                    {
                        { "contract", Hex.Hash(it.ScriptHash) }, { "message", it.Message },
                    }).ToList()
                },
                { "changes", receipt.Changes.Select(it => Change(it, state[it.Key])).Where(it => it != null).ToList() },
            };
            if (receipt.Fault != null)
                outcome["faultAt"] = Place(receipt.Fault);
            return outcome;
        }

        static object Place(Fault fault)
        {
            if (!fault.HasPlace)
                return null;
            var place = new Members
            {
                { "depth", (decimal)fault.Depth }, { "scriptHash", Hex.Hash(fault.ScriptHash) }, { "ip", (decimal)fault.Position },
            };
            if (fault.IsAtEnd)
                place["opcode"] = null;
            else if (fault.OpCode >= 0)
                place["opcode"] = opcodes[fault.OpCode];
            return place;
        }

        static object Change(Change change, byte[] old)
        {
            if (change.Value == null ? old == null : old != null && old.SequenceEqual(change.Value))
                return null;
            var made = new Members
            {
                { "key", Hex.Of(change.Key) }, { "op", change.Value == null ? "delete" : old == null ? "add" : "change" },
            };
            if (change.Value != null)
                made["value"] = Hex.Of(change.Value);
            if (old != null)
                made["old"] = Hex.Of(old);
            return made;
        }

        static object Item(StackItem item, List<StackItem> open)
        {
            var made = new Members { { "type", item.Type.ToString() } };
            switch (item.Type)
            {
                case ItemType.Any:
                    break;
                case ItemType.Boolean:
                    made["value"] = item.Boolean;
                    break;
                case ItemType.Pointer:
                    made["value"] = (decimal)item.Position;
                    break;
                case ItemType.Integer:
                    made["value"] = item.Integer.ToString();
                    break;
                case ItemType.ByteString:
                case ItemType.Buffer:
                    made["value"] = Convert.ToBase64String(item.Bytes);
                    break;
                case ItemType.InteropInterface:
                    made["interface"] = item.Interface;
                    break;
                default:
                    if (open.Contains(item))
                        made["cycle"] = true;
                    else if (open.Count >= 55)
                        made["deep"] = true;
                    else
                        made["value"] = Children(item, open);
                    break;
            }
            return made;
        }

        static List<object> Children(StackItem item, List<StackItem> open)
        {
            open.Add(item);
            var children = item.Items.Select(it => Item(it, open)).ToList();
            open.RemoveAt(open.Count - 1);
            if (item.Type != ItemType.Map)
                return children;
            var entries = new List<object>();
            for (int i = 0; i < children.Count; i += 2)
                entries.Add(new Members { { "key", children[i] }, { "value", children[i + 1] } });
            return entries;
        }

        /// <summary>A recorded value without texts for people.</summary>
        static object Compared(object value)
        {
            var ignored = new[] { "fault", "exception", "tx", "held" };
            var members = value as Members;
            if (members != null)
                return members.Where(it => !ignored.Contains(it.Key)).ToDictionary(it => it.Key, it => Compared(it.Value));
            var items = value as List<object>;
            return items != null ? items.Select(Compared).ToList() : value;
        }
    }
}

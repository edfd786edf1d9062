using System;
using System.Linq;
using System.Numerics;
using System.Text;

namespace Neovm.Tests
{
    /// <summary>Jobs and receipts.</summary>
    static class Executors
    {
        [Test]
        static void AScriptRuns()
        {
            // PUSH2 PUSH3 MUL
            var receipt = Chain.Executor().Run(Chain.Script("1213a0"));
            Assert.Equal(Outcome.Halt, receipt.Outcome);
            Assert.Equal(new BigInteger(6), receipt.Stack.Single().Integer);
            Assert.Equal(4ul, receipt.Instructions);
            Assert.True(receipt.Gas > 0 && receipt.GasPico <= new BigInteger(receipt.Gas) * 10000);
            Assert.True(receipt.Fault == null && receipt.File == null && receipt.Calls.Count == 0);
        }

        [Test]
        static void ValuesAreThoseOfTheScript()
        {
            // PUSHINT256 -2^255; PUSHT; PUSHNULL; PUSHDATA1 "a"; NEWBUFFER of 2; PUSHA 0
            var script = "05" + new string('0', 62) + "80" + "08" + "0b" + "0c0161" + "1288" + "0a00000000";
            // NEWMAP, DUP, PUSH1, PUSH2, SETITEM; NEWSTRUCT0
            var receipt = Chain.Executor().Run(Chain.Script(script + "c84a1112d0" + "c5"));
            Assert.Equal(Outcome.Halt, receipt.Outcome);
            var stack = receipt.Stack;
            Assert.Equal(-BigInteger.Pow(2, 255), stack[0].Integer);
            Assert.True(stack[1].Boolean && stack[2].IsNull);
            Assert.Equal("a", stack[3].Text);
            Assert.Equal("Buffer(0000)", stack[4].ToString());
            Assert.Equal(ItemType.Pointer, stack[5].Type);
            Assert.Equal("1,2", string.Join(",", stack[6].Items));
            Assert.Equal("Struct[0]", stack[7].ToString());
            Assert.Throws<InvalidOperationException>(() => stack[7].Integer.ToString());
            Assert.Throws<InvalidOperationException>(() => stack[0].Bytes.ToString());
        }

        [Test]
        static void WhatIsSharedStaysShared()
        {
            // NEWARRAY0 DUP DUP APPEND DUP: an array that contains itself, twice on the stack.
            var stack = Chain.Executor().Run(Chain.Script("c24a4acf4a")).Stack;
            Assert.Equal(2, stack.Count);
            Assert.True(stack[0] == stack[1] && stack[0].Items.Single() == stack[0]);
            Assert.Equal("Array[1]", stack[0].ToString());
        }

        [Test]
        static void AFaultHasAPlace()
        {
            // NOP ABORT
            var receipt = Chain.Executor().Run(Chain.Script("2138"));
            Assert.Equal(Outcome.Fault, receipt.Outcome);
            Assert.True(receipt.Fault.HasPlace);
            Assert.Equal(1L, receipt.Fault.Position);
            Assert.Equal(0x38, receipt.Fault.OpCode);
            Assert.Equal(1, receipt.Fault.Depth);
            Assert.True(receipt.Fault.Message.Contains("ABORT"), receipt.Fault.Message);
        }

        [Test]
        static void AnEmptyScriptIsAScript()
        {
            Assert.Equal(Outcome.Halt, Chain.Executor().Run(new Job { Gas = 1, Script = new byte[0] }).Outcome);
            Assert.Fails(Status.Argument, () => Chain.Executor().Run(new Job { Gas = 1 }));
        }

        [Test]
        static void CallsReachNativeContracts()
        {
            var job = Chain.Call("symbol");
            job.WantsCalls = true;
            var receipt = Chain.Executor().Run(job);
            Assert.Equal("NEO", receipt.Stack.Single().Text);
            Assert.Equal("0,1", string.Join(",", receipt.Calls.Select(call => call.Depth)));
            Assert.Equal(Chain.Neo, receipt.Calls[1].ScriptHash);
            var arguments = "[{\"type\":\"ByteString\",\"value\":\"" + Convert.ToBase64String(new byte[20]) + "\"}]";
            Assert.Equal(BigInteger.Zero, Chain.Executor().Run(Chain.Call("balanceOf", arguments)).Stack.Single().Integer);
        }

        [Test]
        static void LogsAndNotifications()
        {
            // PUSHDATA1 "hello", SYSCALL System.Runtime.Log
            var receipt = Chain.Executor().Run(Chain.Script("0c0568656c6c6f" + "41cfe74796"));
            Assert.Equal("hello", receipt.Logs.Single().Message);
            var state = new MemoryStorage();
            var genesis = new Job { Trigger = Trigger.OnPersist, BlockFields = new BlockFields { NextConsensus = new byte[20] } };
            var persisted = new Executor(Chain.Engine, state).Run(genesis);
            Assert.True(persisted.Notifications.Any(it => it.Event == "Deploy" && it.State.Type == ItemType.Array));
            Assert.True(persisted.Changes.Count > 20 && persisted.Changes.All(it => it.Value != null), persisted.Changes.Count + " changes");
            var keys = persisted.Changes.Select(it => Hex.Of(it.Key)).ToArray();
            Assert.True(keys.SequenceEqual(keys.OrderBy(it => it, StringComparer.Ordinal)));
        }

        [Test]
        static void AJobFileHoldsWhatWasRead()
        {
            var job = Chain.Call("symbol");
            job.WantsFile = true;
            var receipt = Chain.Executor().Run(job);
            Assert.True(receipt.File.Contains("\"neovm-job-1\"") && receipt.File.Contains("\"HALT\""), receipt.File);
        }

        [Test]
        static void JobsAreJsonToo()
        {
            var receipt = Chain.Executor().Run(new Job { Json = "{\"gas\": 100000000, \"script\": \"1213a0\"}" });
            Assert.Equal(new BigInteger(6), receipt.Stack.Single().Integer);
            var failure = Assert.Throws<NeovmException>(() => Chain.Executor().Run(new Job { Json = "{\"gas\": 1, \"x\": 1}" }));
            Assert.Equal(Status.Input, failure.Status);
            Assert.True(failure.Message.Contains("x"), failure.Message);
        }

        [Test]
        static void ABudgetStops()
        {
            var job = Chain.Script("2200"); // JMP to itself
            job.Budget = 1000;
            var receipt = Chain.Executor().Run(job);
            Assert.Equal(Outcome.Budget, receipt.Outcome);
            Assert.Equal(1000ul, receipt.Instructions);
        }

        [Test]
        static void FlagsLimitWhatAScriptMayDo()
        {
            var job = Chain.Script("41cfe74796"); // System.Runtime.Log
            job.CallFlags = CallFlags.None;
            Assert.Equal(Outcome.Fault, Chain.Executor().Run(job).Outcome);
            job.CallFlags = (CallFlags)0xf0;
            Assert.Fails(Status.Argument, () => Chain.Executor().Run(job));
        }

        [Test]
        static void ArgumentsThatMakeNoSense()
        {
            var executor = Chain.Executor();
            Assert.Throws<ArgumentNullException>(() => executor.Run(null));
            Assert.Throws<ArgumentNullException>(() => new Executor(null, Chain.State));
            Assert.Throws<ArgumentNullException>(() => new Executor(Chain.Engine, null));
            Assert.Fails(Status.Argument, () => executor.Run(new Job { Trigger = (Trigger)77, Script = new byte[1] }));
            Assert.Fails(Status.Argument, () => executor.Run(new Job { Container = (Container)9, Script = new byte[1] }));
            Assert.Fails(Status.Argument, () => executor.Run(new Job { Container = Container.Block, Script = new byte[1] }));
            Assert.Fails(Status.Argument, () => executor.Run(new Job { Call = new Call(new byte[19], "symbol") }));
            Assert.Fails(Status.Input, () => executor.Run(new Job { Call = new Call(Chain.Neo, "symbol", "[") }));
            Assert.Fails(Status.Input, () => executor.Run(new Job { Transaction = new byte[] { 1, 2, 3 } }));
            Assert.Fails(Status.Input, () => executor.Run(new Job { Block = new byte[] { 1 }, Script = new byte[1] }));
            Assert.Fails(Status.Argument, () => executor.Run(new Job { Witness = new Witness { Account = new byte[21] } }));
            Assert.Throws<ArgumentException>(() => executor.Run(new Job { BlockFields = new BlockFields { MerkleRoot = new byte[3] } }));
            Assert.Fails(Status.State, () => new Executor(Chain.Engine, new MemoryStorage()).Run(Chain.Script("11")));
            Assert.Fails(Status.Argument, () => executor.Run(new Job { Gas = -1, Script = new byte[] { 0x11 } }));
            Assert.Fails(Status.Input, () => new Engine("nowhere"));
            var settings = Assert.Throws<NeovmException>(() => new Engine("{\"network\": 1}"));
            Assert.True(settings.Message.Contains("addressVersion"), settings.Message);
            Assert.Fails(Status.Argument, () => new Engine(new EngineOptions { Compile = (Compile)9 }));
            Assert.Fails(Status.Input, () => new Engine("{\"network\": \"" + new string('x', 100000) + "\"}"));
        }

        [Test]
        static void TextsAreUtf8()
        {
            var text = "\u00fc\ud83d\ude00";
            var bytes = Encoding.UTF8.GetBytes(text);
            var script = new byte[] { 0x0c, (byte)bytes.Length }.Concat(bytes).ToArray();
            var log = Chain.Script(Hex.Of(script) + "41cfe74796");
            Assert.Equal(text, Chain.Executor().Run(log).Logs.Single().Message);
        }
    }
}

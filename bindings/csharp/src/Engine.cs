using System;

namespace Neovm
{
    /// <summary>When scripts are compiled to machine code.</summary>
    public enum Compile : uint
    {
        /// <summary>Hot code, on a thread of the engine, which begins with the first code that is hot.</summary>
        Background = Native.NEOVM_COMPILE_BACKGROUND,

        /// <summary>Never: the interpreter alone, and no thread.</summary>
        Never = Native.NEOVM_COMPILE_NEVER,

        /// <summary>Hot code, on the thread that runs it.</summary>
        Foreground = Native.NEOVM_COMPILE_FOREGROUND,

        /// <summary>All code before it runs; for tests.</summary>
        Eager = Native.NEOVM_COMPILE_EAGER,
    }

    /// <summary>What an engine is made with. Members that are not set have their defaults.</summary>
    public sealed class EngineOptions
    {
        /// <summary>
        /// <c>mainnet</c> (the default), <c>testnet</c>, <c>private</c>, or the settings of a network as JSON, see
        /// docs/embedding.md.
        /// </summary>
        public string Network { get; set; }

        /// <summary>How many bytes decoded scripts may take; 64 MiB by default.</summary>
        public ulong CacheBytes { get; set; }

        /// <summary>How many bytes machine code may take.</summary>
        public ulong MachineCodeBytes { get; set; }

        /// <summary>When scripts are compiled.</summary>
        public Compile Compile { get; set; }
    }

    /// <summary>
    /// An engine: the settings of a network, and scripts that are decoded and compiled once. Any number of threads use it
    /// at once. Executions that use it go on when it is disposed of.
    /// </summary>
    public sealed class Engine : IDisposable
    {
        readonly EngineHandle handle;

        /// <summary>Makes an engine for a network.</summary>
        /// <exception cref="NeovmException">The options cannot be used.</exception>
        public unsafe Engine(EngineOptions options = null)
        {
            Library.Check();
            options = options ?? new EngineOptions();
            using (var pins = new Pins())
            {
                var native = new neovm_engine_options
                {
                    size = (UIntPtr)sizeof(neovm_engine_options),
                    network = pins.Add(options.Network),
                    cache_bytes = options.CacheBytes,
                    machine_code_bytes = options.MachineCodeBytes,
                    compile = (uint)options.Compile,
                };
                handle = new EngineHandle(&native);
            }
        }

        /// <summary>Makes an engine for a network of a name, or with settings as JSON.</summary>
        public Engine(string network) : this(new EngineOptions { Network = network }) { }

        internal EngineHandle Handle
        {
            get { return handle; }
        }

        /// <summary>Releases the engine.</summary>
        public void Dispose()
        {
            handle.Dispose();
        }
    }
}

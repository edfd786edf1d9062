using System;
using System.IO;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Neovm.Tests
{
    /// <summary>The declarations agree with the library, as capi/abi/1.txt describes it.</summary>
    static class Layouts
    {
        static readonly Assembly package = typeof(Engine).Assembly;

        [Test]
        static void StructsAndFunctionsAreThoseOfTheLibrary()
        {
            int count = 0;
            foreach (var line in File.ReadAllLines(Runner.PathOf("capi/abi/1.txt")))
            {
                Check(line.Split(' '), line);
                count++;
            }
            Assert.True(count > 150, count + " lines");
        }

        static void Check(string[] words, string line)
        {
            switch (words[0])
            {
                case "function":
                    var native = package.GetType("Neovm.Native", true);
                    var method = native.GetMethod(words[1], BindingFlags.Static | BindingFlags.NonPublic);
                    Assert.True(method != null, line);
                    // Throws if the library has no such function.
                    Marshal.Prelink(method);
                    break;
                case "struct":
                    Assert.Equal(int.Parse(words[2]), Marshal.SizeOf(package.GetType("Neovm." + words[1], true)), line);
                    break;
                case "member":
                    var type = package.GetType("Neovm." + words[1], true);
                    Assert.Equal(int.Parse(words[3]), (int)Marshal.OffsetOf(type, words[2]), line);
                    break;
                default:
                    throw new Exception(line);
            }
        }

        [Test]
        static void TheLibraryIsTheOneThatIsNeeded()
        {
            Assert.True(Library.AbiVersion >= 1);
            Assert.True(Version.Parse(Library.Version) > new Version(0, 0));
            var all = Capabilities.Executor | Capabilities.Machine;
            Assert.Equal(all, Library.Capabilities & all);
        }
    }
}

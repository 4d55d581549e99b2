// SPDX-License-Identifier: Apache-2.0
//
// Starts the user's browser and lets it go. No shell stands between the words and the program.

#if canImport(Glibc)
  import Glibc
#endif

/// Starts browsers.
enum Browser {
  /// Starts the first of `commands` that can be started, with `url` in place of `%s` or as the last word; whether one
  /// was.
  static func open(_ url: String, with commands: [[String]], _ environment: [String: String]) -> Bool {
    commands.contains { words in
      let holdsPlace = words.contains { $0.contains("%s") }
      let filled = words.map { holdsPlace ? replaced($0, url) : $0 } + (holdsPlace ? [] : [url])
      return !words.isEmpty && start(filled, environment)
    }
  }

  private static func replaced(_ word: String, _ url: String) -> String {
    word.split(separator: "%s", omittingEmptySubsequences: false).joined(separator: url)
  }

  /// Starts a program in a session of its own, without the terminal: it outlives this process, and is not heard.
  private static func start(_ words: [String], _ environment: [String: String]) -> Bool {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // POSIX_SPAWN_SETSID of spawn.h, which Glibc shows to GNU sources only.
    posix_spawnattr_setflags(&attributes, 0x80)
    let arguments = words.map { strdup($0) }
    let variables = environment.map { strdup("\($0.key)=\($0.value)") }
    defer { for pointer in arguments + variables { free(pointer) } }
    var pid: pid_t = 0
    return posix_spawnp(&pid, words[0], &actions, &attributes, arguments + [nil], variables + [nil]) == 0
  }
}

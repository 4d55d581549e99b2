// SPDX-License-Identifier: Apache-2.0
//
// The tables of the Merkle log. Tiles are inserted and stay; the size only grows; records leave only below a floor that
// only rises and never reaches the newest record. Source: docs/decisions/0017; SQLite, "CREATE TRIGGER".

enum LogSchema {
  // An epoch is a tree: there is one, unless a log was forked and goes on under another name.
  //
  // INVARIANT: `retention.floor` stays below the newest record, so `max(sequence)` is still the number of the newest
  // record ever written: `audit_appends` need not know of it. A second row, or another one in its place, cannot be
  // inserted: a REPLACE would not fire the trigger of the delete.
  static let merkleLog = """
    CREATE TABLE log_tree (
      epoch INTEGER PRIMARY KEY CHECK (epoch >= 1),
      size INTEGER NOT NULL CHECK (size >= 0)
    ) STRICT;
    INSERT INTO log_tree (epoch, size) VALUES (1, 0);

    CREATE TRIGGER log_tree_begins BEFORE INSERT ON log_tree BEGIN
      SELECT RAISE(ABORT, 'log_tree: a tree begins empty, after the last one')
        WHERE NEW.epoch IS NOT (SELECT max(epoch) + 1 FROM log_tree) OR NEW.size IS NOT 0;
    END;
    CREATE TRIGGER log_tree_grows BEFORE UPDATE ON log_tree BEGIN
      SELECT RAISE(ABORT, 'log_tree: the newest tree grows')
        WHERE NEW.epoch IS NOT OLD.epoch OR NEW.size <= OLD.size
          OR NEW.epoch IS NOT (SELECT max(epoch) FROM log_tree);
    END;
    CREATE TRIGGER log_tree_stays BEFORE DELETE ON log_tree BEGIN
      SELECT RAISE(ABORT, 'log_tree: append-only');
    END;

    CREATE TABLE log_tile (
      epoch INTEGER NOT NULL CHECK (epoch >= 1),
      level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 7),
      idx INTEGER NOT NULL CHECK (idx >= 0),
      hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
      PRIMARY KEY (epoch, level, idx)
    ) STRICT;

    CREATE TRIGGER log_tile_appends BEFORE INSERT ON log_tile BEGIN
      SELECT RAISE(ABORT, 'log_tile: append-only')
        WHERE NEW.idx IS NOT (
          SELECT coalesce(max(idx), -1) + 1 FROM log_tile WHERE epoch = NEW.epoch AND level = NEW.level
        );
    END;
    CREATE TRIGGER log_tile_stays BEFORE UPDATE ON log_tile BEGIN
      SELECT RAISE(ABORT, 'log_tile: append-only');
    END;
    CREATE TRIGGER log_tile_keeps BEFORE DELETE ON log_tile BEGIN
      SELECT RAISE(ABORT, 'log_tile: append-only');
    END;

    CREATE TABLE log_edge (
      epoch INTEGER NOT NULL CHECK (epoch >= 1),
      level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 7),
      hashes BLOB NOT NULL CHECK (length(hashes) < 8192 AND length(hashes) % 32 = 0),
      PRIMARY KEY (epoch, level)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE retention (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      floor INTEGER NOT NULL CHECK (floor >= 0 AND floor % 256 = 0)
    ) STRICT;
    INSERT INTO retention (only, floor) VALUES (1, 0);

    CREATE TRIGGER retention_is_one BEFORE INSERT ON retention BEGIN
      SELECT RAISE(ABORT, 'retention: there is one floor');
    END;
    CREATE TRIGGER retention_rises BEFORE UPDATE ON retention BEGIN
      SELECT RAISE(ABORT, 'retention: the floor rises, within the tree and below the newest record')
        WHERE NEW.only IS NOT OLD.only OR NEW.floor <= OLD.floor
          OR NEW.floor > (SELECT size FROM log_tree ORDER BY epoch DESC LIMIT 1)
          OR NEW.floor >= (SELECT coalesce(max(sequence), 0) FROM audit);
    END;
    CREATE TRIGGER retention_stays BEFORE DELETE ON retention BEGIN
      SELECT RAISE(ABORT, 'retention: there is one floor');
    END;

    DROP TRIGGER audit_keeps;
    CREATE TRIGGER audit_keeps BEFORE DELETE ON audit BEGIN
      SELECT RAISE(ABORT, 'audit: append-only')
        WHERE OLD.sequence > (SELECT floor FROM retention);
    END;
    """
}

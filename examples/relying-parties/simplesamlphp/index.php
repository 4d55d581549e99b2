<?php
// SPDX-License-Identifier: Apache-2.0
//
// /var/www/app/index.php: an application that asks SimpleSAMLphp who is there. Nobody is sent to sign in: a workload
// without a session gets 401, one of another team 403.
require_once '/usr/share/simplesamlphp/lib/_autoload.php';

$visitor = new SimpleSAML\Auth\Simple('default-sp');
if (!$visitor->isAuthenticated()) {
    http_response_code(401);
    exit("no session\n");
}
$team = $visitor->getAttributes()['team'] ?? [];
if ($team !== ['payments']) {
    http_response_code(403);
    exit("not of the team\n");
}
$principal = $visitor->getAuthData('saml:sp:NameID')->getValue();

header('Content-Type: application/json');
echo json_encode(['X-Remote-User' => $principal, 'X-Team' => $team[0]], JSON_UNESCAPED_SLASHES), "\n";

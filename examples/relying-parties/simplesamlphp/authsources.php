<?php
// SPDX-License-Identifier: Apache-2.0
//
// /etc/simplesamlphp/authsources.php: a service that lets workloads in with assertions of one issuer.
$config = [
    'default-sp' => [
        'saml:SP',
        'entityID' => 'https://app.example.com/saml',
        'idp' => 'https://sts.example.org/ISSUER/saml/metadata',
    ],
];

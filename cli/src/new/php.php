<?php
// /// rye
// description = "Greet somebody"
// [parameters.name]
// type = "string"
// description = "who is greeted"
// required = true
// [parameters.times]
// type = "integer"
// description = "how often"
// minimum = 1
// default = 1
// ///
declare(strict_types=1);

$name = getenv('RYE_PARAM_NAME');
$times = (int) (getenv('RYE_PARAM_TIMES') ?: 1);

echo str_repeat("Hello, {$name}!\n", $times);
